"""A data file that was damaged on disk is refused or tells the truth: it never tells anything else.

LOCALSWF_FLIPS is how many single bits are turned (200).
"""

import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localswf import Client, Service, VirtualClock
from localswf.offline.check import check
from localswf.store.datafile import DataFileError

FLIPS = int(os.environ.get("LOCALSWF_FLIPS", "200"))
PROCESS = {"name": "Process", "version": "1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "swf.db"


@pytest.fixture
def client(path: Path, clock: VirtualClock) -> Client:
    return Client(Service(path, clock))


@pytest.fixture
def filled(swf: Any, clock: VirtualClock) -> Any:
    """A file with some of everything; the service is closed."""
    for number in range(8):
        clock.advance(1)
        swf.start(f"closed-{number}", tagList=["a", "b"])
        swf.decide(swf.schedule("resize", input="x" * 2000))
        work = swf.poll_activity()
        swf.client.respond_activity_task_completed(taskToken=work["taskToken"], result="done")
        swf.decide(swf.marker("m"), swf.complete(result="y" * 500))
    for number in range(4):
        swf.start(f"open-{number}", taskPriority="1", taskList={"name": "others"})
        swf.answer(
            swf.poll_decision("others"),
            swf.start_timer("t", 600),
            swf.schedule("low", heartbeatTimeout="60"),
            executionContext="context",
        )
        work = swf.poll_activity()
        swf.client.record_activity_task_heartbeat(taskToken=work["taskToken"], details="half")
    swf.client.close()
    return swf


def told(path: Path, clock: VirtualClock) -> dict[str, Any]:
    """All that clients can be told of what is in a file."""
    with Client(Service(path, VirtualClock(clock.now()))) as client:
        answers = {"domains": client.list_domains(registrationStatus="REGISTERED")["domainInfos"]}
        since = {"startTimeFilter": {"oldestDate": 0}}
        domain = {"domain": "videos"}
        described = client.describe_domain(name="videos")
        del described["ResponseMetadata"]
        answers["domain"] = described
        for kind in ("workflow", "activity"):
            types = getattr(client, f"list_{kind}_types")(**domain, registrationStatus="REGISTERED")
            answers[kind] = types["typeInfos"]
        for state in ("open", "closed"):
            infos = getattr(client, f"list_{state}_workflow_executions")(**domain, **since)
            answers[state] = infos["executionInfos"]
        for info in answers["open"] + answers["closed"]:
            execution = info["execution"]
            history = client.get_workflow_execution_history(**domain, execution=execution)
            about = client.describe_workflow_execution(**domain, execution=execution)
            del about["ResponseMetadata"]
            answers[execution["runId"]] = (history["events"], about)
    return answers


@pytest.mark.slow
def test_a_bit_that_was_turned_is_found_or_does_no_harm(
    filled: Any, path: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert filled.runs
    caplog.set_level("CRITICAL")
    whole, truth = path.read_bytes(), told(path, clock)
    random = Random(FLIPS)  # noqa: S311 - chance, no secret
    found: Counter[str] = Counter()
    for _ in range(FLIPS):
        at, bit = random.randrange(len(whole)), random.randrange(8)
        damaged = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        path.write_bytes(damaged)
        effect = effect_on_clients(path, clock, truth)
        path.write_bytes(damaged)
        checked = "found" if is_found(path) else "not found"
        found[f"{effect}, {checked} by localswf check"] += 1
        assert effect != "told something else" or checked == "found", f"bit {bit} of byte {at}"
    print(dict(found))  # noqa: T201 - the figure
    assert found["refused when opened, found by localswf check"]
    assert found["refused when read, found by localswf check"]


def effect_on_clients(path: Path, clock: VirtualClock, truth: dict[str, Any]) -> str:
    try:
        return "harmless" if told(path, clock) == truth else "told something else"
    except DataFileError:
        return "refused when opened"
    except ClientError as error:
        refused = error.response["Error"]["Code"] == "InternalFailure"
        return "refused when read" if refused else "told something else"


def is_found(path: Path) -> bool:
    try:
        check(path)
    except DataFileError:
        return True
    return False
