import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from vib.db.models import JobRun
from vib.jobs.job import Chore, Job
from vib.jobs.run import run
from vib.services import Services


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


def job(*chores: Callable[[], str | None], name: str = "test") -> Job:
    """A job of these chores."""
    return Job(name, "", (), lambda _: [Chore(f"do {each.__name__}", each) for each in chores])


def some() -> str:
    return "things done"


def nothing() -> None:
    pass


def failing() -> str:
    raise OSError("no")


def test_what_was_done_is_counted_and_said_in_one_line(context: Services) -> None:
    outcome = run(context, job(some, nothing, some))

    assert (outcome.done, outcome.failed, outcome.idle) == ({"things done": 2}, 0, None)
    assert str(outcome).startswith("test: 2 things done (")


def test_what_fails_stops_nothing_else_and_is_told(
    context: Services, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(context, job(failing, some))

    assert (outcome.done, outcome.failed) == ({"things done": 1}, 1)
    assert "failed to do failing" in caplog.text
    assert caplog.records[-1].__dict__ | {"job": "test", "failed": 1} == caplog.records[-1].__dict__


def test_where_it_runs_elsewhere_nothing_is_done(context: Services) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(30)
        return "things done"

    elsewhere = threading.Thread(target=run, args=(Services(context.settings), job(slow)))
    elsewhere.start()
    assert begun.wait(30)
    meanwhile = run(context, job(some))
    another = run(context, job(some, name="another"))
    go_on.set()
    elsewhere.join()
    afterwards = run(context, job(some))

    assert (meanwhile.idle, meanwhile.done) == ("runs elsewhere", {})
    assert another.done == afterwards.done == {"things done": 1}


def test_whoever_loses_the_lock_does_no_more(context: Services) -> None:
    def lose() -> str:
        with context.engine.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        return "lost"

    outcome = run(context, job(lose, some))

    assert (outcome.done, outcome.failed) == ({"lost": 1}, 1)
    assert run(context, job(some)).done == {"things done": 1}


def test_what_ran_lately_is_not_run_again_wherever_it_was(context: Services) -> None:
    hourly = job(some, name="hourly")

    first = run(context, hourly, not_within=timedelta(hours=1))
    second = run(Services(context.settings), hourly, not_within=timedelta(hours=1))
    due = run(context, hourly, not_within=timedelta(0))

    assert (first.idle, second.idle, due.idle) == (None, "ran lately", None)
    assert (second.done, due.done) == ({}, {"things done": 1})


def test_who_is_stopped_finishes_what_is_begun_and_leaves_the_rest_due(context: Services) -> None:
    begun: list[str] = []

    def once() -> str:
        begun.append("once")
        return "things done"

    stopped = run(context, job(once, once, name="stopped"), stopping=lambda: bool(begun))
    again = run(context, job(once, name="stopped"), not_within=timedelta(hours=1))

    assert stopped.done == again.done == {"things done": 1}


def test_a_job_that_cannot_look_has_failed(
    context: Services, caplog: pytest.LogCaptureFixture
) -> None:
    def find(_: Services) -> list[Chore]:
        raise OSError("SWF is away")

    outcome = run(context, replace(job(), find=find))

    assert outcome.failed == 1
    assert "SWF is away" in caplog.text


def test_without_the_database_a_job_has_failed(context: Services) -> None:
    away = Services(context.settings)
    away.engine = create_engine("postgresql+psycopg2://vib@127.0.0.1:9/vib")

    assert run(away, job(some)).failed == 1


def test_the_database_knows_how_a_run_ended(context: Services) -> None:
    run(context, job(some, failing, name="known"))

    with context.sessions() as session:
        last = session.get_one(JobRun, "known")
    assert (last.done, last.failed) == ({"things done": 1}, 1)
    assert last.seconds > 0
