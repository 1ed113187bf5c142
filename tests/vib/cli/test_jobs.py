import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from vib import keys
from vib.db.models import JobRun
from vib.jobs.registry import JOBS
from vib.needs import MTURK
from vib.services import Services

from .conftest import Command


@pytest.fixture
def context(shared_context: Services) -> Services:
    return shared_context


@pytest.fixture
def litter(context: Services) -> Iterator[str]:
    """A folder of the storage that is nobody's."""
    key = keys.original(uuid4())
    file = context.scratch_folder / "file"
    file.touch()
    context.storage.save(key, file)
    yield key
    context.storage.delete_folder(key.partition("/")[0])


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(
    context: Services, litter: str, vib: Command
) -> None:
    done = vib("job", "sync", "--dry-run")

    assert done.status == 0
    folder = litter.partition("/")[0]
    assert f"remove the folder {folder} of no video" in done.out.splitlines()
    assert context.storage.exists(litter)


def test_a_job_is_done_once_and_sums_up(context: Services, litter: str, vib: Command) -> None:
    done = vib("job", "sync")

    assert done.status == 0
    assert done.out.startswith("sync: 1 folders of no video removed (")
    assert not context.storage.exists(litter)
    line = json.loads(done.err.splitlines()[-1])
    assert (line["job"], line["done"]) == ("sync", {"folders of no video removed": 1})
    assert line["failed"] == 0
    assert line["seconds"] > 0


@pytest.mark.usefixtures("context")
def test_without_a_name_all_jobs_are_told_and_when_they_ran(vib: Command) -> None:
    vib("job", "sync")

    done = vib("job")

    assert done.status == 0
    assert all(name in done.out for name in JOBS)
    assert "never" in done.out


@pytest.mark.usefixtures("context")
def test_a_job_that_there_is_not_is_refused_with_those_that_there_are(vib: Command) -> None:
    done = vib("job", "tidy")

    assert done.status == 2
    assert done.err == f"vib: There is no job 'tidy'; there are {', '.join(JOBS)}.\n"


@pytest.mark.parametrize("wrong", ["6", "h", "0h", "6 h", "-1h", "6w"])
def test_a_time_that_is_none_is_refused(vib: Command, wrong: str) -> None:
    done = vib("job", "sync", f"--every={wrong}")

    assert done.status == 2
    assert "is no time such as 90s, 30m, 6h or 1d" in done.err


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("name", JOBS)
def test_every_job_can_be_checked_before_it_is_started(vib: Command, name: str) -> None:
    done = vib("check", "job", name, "--every", "6h")

    if MTURK in JOBS[name].needs:  # nobody is to be asked here
        assert (done.status, done.err.startswith("vib: VIB_ASK_PEOPLE")) == (2, True)
    else:
        assert done == (0, "", "")


def test_a_job_that_goes_on_ends_when_it_is_stopped(context: Services) -> None:
    with context.sessions.begin() as session:
        session.query(JobRun).delete()
    with subprocess.Popen(
        [sys.executable, "-m", "vib", "job", "sync", "--every", "1h"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = json.loads(process.stderr.readline())
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
    assert said["job"] == "sync"
