import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

import swflow
from harness.swf_server import SRC
from localswf import DataFileError
from swflow import Signal, SwflowError, activity, workflow
from swflow.embedded import Embedded

DAY = timedelta(days=1)
PROGRAM = """
    import asyncio, sys
    from datetime import timedelta
    from pathlib import Path
    from swflow import activity, workflow
    from swflow.embedded import Embedded

    folder = Path(sys.argv[1])

    @activity("Pack", version="1", task_list="packing", start_to_close=timedelta(minutes=1))
    def pack(what: str) -> str:
        with (folder / "diary").open("a") as diary:
            diary.write(f"packed {what}\\n")
        return what

    @workflow("Send", version="1", task_list="deciders", execution_timeout=timedelta(hours=1))
    async def send(order: str) -> str:
        first = await pack(order)
        await asyncio.sleep(2)
        return f"{first}, {await pack('a card')}"

    with Embedded(folder / "shop.db", send, pack, retention=timedelta(days=1)) as here:
        if len(sys.argv) > 2:
            print(here.client.start(send, "a book", workflow_id="order").result(), flush=True)
        else:
            print(here.client.execution("order").result(), flush=True)
"""

done = Signal("done", str)


@activity("Slow", version="1", task_list="threads", start_to_close=timedelta(minutes=1))
def slow(seconds: float) -> str:
    time.sleep(seconds)
    return threading.current_thread().name


@activity(
    "Quick", version="1", task_list="loop", start_to_close=timedelta(minutes=1), pool="asyncio"
)
async def quick(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


@workflow("Mixed", version="1", task_list="deciders", execution_timeout=timedelta(hours=1))
async def mixed(seconds: float) -> int:
    await slow(seconds)
    return sum(await asyncio.gather(*(quick(number) for number in range(10))))


@workflow("Waiting", version="1", task_list="others", execution_timeout=timedelta(hours=1))
async def waiting() -> str:
    return await done.receive()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Embedded]:
    with Embedded(tmp_path / "swf.db", mixed, waiting, slow, quick, retention=DAY) as embedded:
        yield embedded


def test_workflows_of_several_task_lists_and_activities_of_every_pool_run(here: Embedded) -> None:
    first, second = here.client.start(mixed, 0.1), here.client.start(waiting)

    second.signal(done, "so it is")

    assert first.result(timedelta(seconds=30)) == 55
    assert second.result(timedelta(seconds=30)) == "so it is"


def test_any_thread_may_start_executions_and_wait_for_them(here: Embedded) -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(here.client.start(mixed, 0).result()))
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert results == [55] * 8


def test_executions_are_listed_and_shown_as_anywhere(here: Embedded) -> None:
    here.client.start(mixed, 0, workflow_id="one", tags=["a"]).result()

    (listed,) = swflow.executions(here.client, swflow.Query(tag="a"))

    assert listed["execution"]["workflowId"] == "one"


def test_closing_finishes_the_activities_that_are_begun(tmp_path: Path) -> None:
    embedded = Embedded(tmp_path / "swf.db", mixed, slow, quick, retention=DAY)
    execution = embedded.client.start(mixed, 1.0)
    while not any(each["eventType"] == "ActivityTaskStarted" for each in execution.history()):
        time.sleep(0.02)

    embedded.close()
    embedded.close()  # a second time changes nothing

    with Embedded(tmp_path / "swf.db", mixed, slow, quick, retention=DAY) as again:
        execution = again.client.execution(execution.workflow_id)
        assert execution.result(timedelta(seconds=30)) == 55
        kinds = [each["eventType"] for each in execution.history()]
        assert "ActivityTaskTimedOut" not in kinds


@pytest.mark.slow
def test_after_a_crash_the_next_process_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    program = [sys.executable, "-c", dedent(PROGRAM), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    diary = tmp_path / "diary"
    crashing = subprocess.Popen([*program, "start"], env=environment)
    while not (diary.exists() and diary.read_text()):
        assert crashing.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)  # what it did is told, and the timer runs
    crashing.send_signal(signal.SIGKILL)
    crashing.wait()

    said = subprocess.check_output(program, env=environment, text=True, timeout=60)

    assert said == "a book, a card\n"
    assert diary.read_text() == "packed a book\npacked a card\n"


def test_workflows_that_need_no_activity_run_alone(tmp_path: Path) -> None:
    with Embedded(tmp_path / "swf.db", waiting, retention=DAY) as here:
        execution = here.client.start(waiting)
        execution.signal(done, "alone")

        assert execution.result(timedelta(seconds=30)) == "alone"


def test_without_a_workflow_there_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(SwflowError, match="there is no workflow among the types"):
        Embedded(tmp_path / "swf.db", slow, retention=DAY)
    assert not (tmp_path / "swf.db").exists()


def test_a_file_that_another_process_has_is_refused(here: Embedded, tmp_path: Path) -> None:
    assert here.client.domain == "embedded"
    with pytest.raises(DataFileError, match="is in use"):
        Embedded(tmp_path / "swf.db", mixed, retention=DAY)
