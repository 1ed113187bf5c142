"""`localswf export` and `localswf import`."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest

from localswf import Client, Service, VirtualClock
from localswf.__main__ import main

SRC = Path(__file__).parents[2] / "src"
RECORDED = Path(__file__).parents[3] / "shared/data/histories/real_swf.json"


@pytest.fixture
def clock() -> VirtualClock:
    """Now, since what is imported is kept from now on."""
    return VirtualClock(int(datetime.now(UTC).timestamp() * 1000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "swf.db"


@pytest.fixture
def client(path: Path, clock: VirtualClock) -> Client:
    return Client(Service(path, clock))


@pytest.fixture
def filled(swf: Any) -> Any:
    """Two closed executions of one workflowId and an open one; the service is closed."""
    swf.start("video", tagList=["ü", "two"], input='{"a": "\\u00fc\n"}')
    swf.decide(swf.schedule("resize"), swf.start_timer("t", 60), executionContext="context")
    task = swf.poll_activity()
    swf.client.respond_activity_task_failed(taskToken=task["taskToken"], reason="r", details="d")
    swf.decide(swf.complete(result="done"))
    swf.start("video")
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video", reason="enough")
    swf.start("open")
    swf.client.close()
    return swf


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command line; returns what it prints."""

    def run(*arguments: object, status: int = 0) -> str:
        assert main([str(argument) for argument in arguments]) == status
        printed = capsys.readouterr()
        assert printed.err == "" if status == 0 else printed.out == ""
        return printed.err if status else printed.out

    return run


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_exported_is_what_the_service_tells(
    filled: Any, path: Path, run: Any, clock: VirtualClock
) -> None:
    exported = lines(run("export", path))
    assert [line["execution"]["workflowId"] for line in exported] == ["video", "video", "open"]
    with Client(Service(path, clock)) as client:
        for line in exported:
            told = client.get_workflow_execution_history(
                domain=line["domain"], execution=line["execution"]
            )["events"]
            for event in told:
                event["eventTimestamp"] = event["eventTimestamp"].timestamp()
            assert line["events"] == told
    assert exported[2]["execution"]["runId"] == filled.runs["open"]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 3),
        (("--closed",), 2),
        (("--open",), 1),
        (("--workflow-id", "video"), 2),
        (("--workflow-id", "video", "--open"), 0),
        (("--domain", "videos"), 3),
        (("--domain", "none"), 0),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_part_can_be_exported(path: Path, run: Any, options: Any, count: int) -> None:
    assert len(lines(run("export", path, *options))) == count


@pytest.mark.usefixtures("filled")
def test_what_is_imported_is_exported_again_byte_by_byte(
    path: Path, tmp_path: Path, run: Any
) -> None:
    exported = run("export", path, "--closed")
    (tmp_path / "histories").write_text(exported)
    other = tmp_path / "other.db"

    assert run("import", other, tmp_path / "histories") == f"{other} has 2 more executions.\n"

    assert run("export", other) == exported
    assert run("check", other) == f"{other} is whole: executions 2, open 0.\n"


def test_imported_executions_are_like_others(
    filled: Any, path: Path, tmp_path: Path, run: Any, clock: VirtualClock
) -> None:
    (tmp_path / "histories").write_text(run("export", path, "--closed"))
    run("import", tmp_path / "other.db", tmp_path / "histories")
    told = []
    for file in (path, tmp_path / "other.db"):
        with Client(Service(file, clock)) as client:
            listed = client.list_closed_workflow_executions(
                domain="videos", startTimeFilter={"oldestDate": 0}
            )["executionInfos"]
            described = [
                client.describe_workflow_execution(domain="videos", execution=info["execution"])
                for info in listed
            ]
            by_tag = client.count_closed_workflow_executions(
                domain="videos", startTimeFilter={"oldestDate": 0}, tagFilter={"tag": "ü"}
            )["count"]
            told.append((listed, described, by_tag))
    assert told[0] == told[1]
    assert (len(told[0][0]), told[0][2]) == (2, 1)
    assert filled.runs["video"] in str(told[1])


@pytest.mark.usefixtures("filled")
def test_a_domain_that_is_there_stays_as_it_is(
    path: Path, tmp_path: Path, run: Any, clock: VirtualClock
) -> None:
    (tmp_path / "histories").write_text(run("export", path, "--closed"))
    other = tmp_path / "other.db"
    with Client(Service(other, clock)) as client:
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="2")
    run("import", other, tmp_path / "histories")
    with Client(Service(other, clock)) as client:
        domain = client.describe_domain(name="videos")
    assert domain["configuration"] == {"workflowExecutionRetentionPeriodInDays": "2"}


def test_recorded_histories_of_the_real_service(path: Path, run: Any) -> None:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there: it is no part of the project.")
    assert run("import", path, RECORDED, "--domain", "real") == (
        f"{path} has 18 more executions.\n"
    )
    exported = lines(run("export", path))
    recorded = json.loads(RECORDED.read_text())
    assert [line["events"] for line in exported] == [each["events"] for each in recorded]
    assert exported[17]["execution"]["workflowId"] == "real_swf-18"
    # Long closed as they are, they are not forgotten by the server.
    with Client(Service(path)) as client:
        counted = client.count_closed_workflow_executions(
            domain="real", startTimeFilter={"oldestDate": 0}
        )
    assert counted["count"] == 18


HISTORY: list[dict[str, Any]] = [
    {
        "eventId": 1,
        "eventTimestamp": 1_700_000_000.5,
        "eventType": "WorkflowExecutionStarted",
        "workflowExecutionStartedEventAttributes": {
            "childPolicy": "TERMINATE",
            "executionStartToCloseTimeout": "60",
            "taskStartToCloseTimeout": "60",
            "taskList": {"name": "deciders"},
            "workflowType": {"name": "Process", "version": "1"},
        },
    },
    {
        "eventId": 2,
        "eventTimestamp": 1_700_000_001.25,
        "eventType": "WorkflowExecutionTerminated",
        "workflowExecutionTerminatedEventAttributes": {"childPolicy": "TERMINATE"},
    },
]


def with_times(*times: Any) -> list[dict[str, Any]]:
    events = deepcopy(HISTORY)
    for event, time in zip(events, times, strict=True):
        event["eventTimestamp"] = time
    return events


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HISTORY),
        json.dumps({"events": HISTORY}, indent=4),
        json.dumps([{"name": "of no meaning", "events": HISTORY}]),
        f"\n{json.dumps({'events': HISTORY})}\n\n",
        json.dumps(with_times("2023-11-14T22:13:20.500000+00:00", "2023-11-14T23:13:21.25+01:00")),
        json.dumps(with_times("2023-11-14T22:13:20.5Z", "2023-11-14T22:13:21.250Z")),
    ],
    ids=["events", "CLI", "list", "lines", "CLI's times", "UTC"],
)
def test_forms_of_a_history(path: Path, tmp_path: Path, run: Any, text: str) -> None:
    (tmp_path / "history.json").write_text(text)
    run("import", path, tmp_path / "history.json", "--domain", "videos")
    (exported,) = lines(run("export", path))
    assert exported["events"] == HISTORY
    assert exported["execution"]["workflowId"].startswith("history")


def test_a_history_from_standard_input(
    path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(HISTORY)))
    run("import", path, "-", "--domain", "videos")
    (exported,) = lines(run("export", path))
    assert exported["execution"]["workflowId"] == "standard-input"


def changed(event: int, **members: Any) -> list[dict[str, Any]]:
    events = deepcopy(HISTORY)
    events[event - 1] |= members
    return events


LATER = {**HISTORY[1], "eventId": 3}
STARTED = "workflowExecutionStartedEventAttributes"
ATTRIBUTES = HISTORY[0][STARTED]
UNLIMITED = {n: v for n, v in ATTRIBUTES.items() if n != "taskStartToCloseTimeout"}
FIRED = {
    "eventType": "TimerFired",
    "timerFiredEventAttributes": {"timerId": "t", "startedEventId": 1},
}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, ": this is no history: there is no list of events."),
        (7, ": this is no history"),
        ({"events": []}, ": workflow h is not closed at the end"),
        ({"events": HISTORY, "nextPageToken": "t"}, ": this is one page of a history"),
        ({"events": HISTORY, "execution": {"runId": 7}}, "runId have to be strings."),
        ({"events": HISTORY, "execution": {"workflowId": "a:b"}}, "Value 'a:b' at 'workflowId'"),
        (HISTORY[:1], ": workflow h is not closed at the end of its history"),
        (HISTORY[1:], ", event 1: Event 2 cannot follow event 0."),
        ([*HISTORY, LATER], ", event 3: the execution is closed by the event before it."),
        ([HISTORY[0], LATER], ", event 2: Event 3 cannot follow event 1."),
        (changed(2, eventType="Made"), ", event 2: 1 validation error detected: Value 'Made' at"),
        (changed(2, eventId="2"), ", event 2: STRING_VALUE can not be converted to Integer"),
        (changed(2, more={}), "this one has eventId, eventTimestamp, eventType, more, workflow"),
        (changed(1, **{STARTED: {}}), ", event 1: 3 validation errors detected"),
        (changed(1, **{STARTED: UNLIMITED}), ", event 1: it lacks 'taskStartToCloseTimeout'"),
        ([HISTORY[0], {**LATER, "eventId": 2, **FIRED}], "this one has"),
        (
            [HISTORY[0], {"eventId": 2, "eventTimestamp": 1, **FIRED}, LATER],
            ", event 2: it does not fit what is before it, or lacks something: 't'.",
        ),
        (with_times(1, "yesterday"), 'event 2: eventTimestamp "yesterday" is neither seconds'),
        (with_times(1, "2023-11-14T22:13:20"), "nor an ISO 8601 time with its zone."),
        (with_times(1, None), ", event 2: eventTimestamp null is neither"),
        (with_times(1, True), ", event 2: eventTimestamp true is neither"),
        (with_times(1, float("nan")), ", event 2: eventTimestamp NaN is neither"),
        (with_times(1, 1e300), ", event 2: eventTimestamp 1e+300 is out of all bounds."),
        ([HISTORY[0], None], ", event 2: this is no event."),
    ],
)
def test_what_is_broken_is_refused_and_nothing_is_taken_in(
    path: Path, tmp_path: Path, run: Any, document: Any, complaint: str
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "h"
    good.write_text(json.dumps(HISTORY))
    bad.write_text(json.dumps(document))

    refused = run("import", path, good, bad, "--domain", "videos", status=2)

    assert refused.startswith(str(bad))
    assert complaint in refused
    assert refused.count("\n") == 1
    assert not path.exists()


def test_a_text_that_is_no_json(path: Path, tmp_path: Path, run: Any) -> None:
    bad = tmp_path / "h"
    bad.write_text(f"{json.dumps(HISTORY)}\neggs\n")
    refused = run("import", path, bad, "--domain", "videos", status=2)
    assert refused == f"{bad}, line 2: this is no JSON, and the file as a whole is none either.\n"


def test_a_history_of_no_domain(path: Path, tmp_path: Path, run: Any) -> None:
    (tmp_path / "h").write_text(json.dumps(HISTORY))
    refused = run("import", path, tmp_path / "h", status=2)
    assert refused.endswith(": it does not say which domain it is of; name one by --domain.\n")


def test_a_run_that_is_there_already(path: Path, tmp_path: Path, run: Any) -> None:
    named = {"domain": "videos", "execution": {"workflowId": "w", "runId": "r"}, "events": HISTORY}
    (tmp_path / "h").write_text(json.dumps(named))
    twice = run("import", path, tmp_path / "h", tmp_path / "h", status=2)
    assert twice == f"{tmp_path / 'h'}: run r is in {tmp_path / 'h'} as well.\n"
    run("import", path, tmp_path / "h")
    again = run("import", path, tmp_path / "h", status=2)
    assert again == f"{tmp_path / 'h'}: run r of workflow w is in {path} already.\n"
    assert len(lines(run("export", path))) == 1


def test_a_history_that_would_be_forgotten_at_once(
    filled: Any, path: Path, tmp_path: Path, run: Any
) -> None:
    (tmp_path / "h").write_text(json.dumps(HISTORY))
    refused = run("import", path, tmp_path / "h", "--domain", "videos", status=2)
    assert "domain videos would forget workflow h at once, with a retention period of 1 " in refused
    assert len(lines(run("export", path))) == len(filled.runs) + 1


def test_a_file_that_a_server_has_open(swf: Any, path: Path, tmp_path: Path, run: Any) -> None:
    (tmp_path / "h").write_text(json.dumps(HISTORY))
    assert "in use by another server" in run("export", path, status=2)
    assert "in use by another server" in run(
        "import", path, tmp_path / "h", "--domain", "videos", status=2
    )
    swf.client.close()


def test_a_data_file_that_is_not_there(path: Path, run: Any) -> None:
    assert run("export", path, status=2) == f"{path} is not there.\n"
    assert not path.exists()


def test_a_history_that_is_not_there(path: Path, tmp_path: Path, run: Any) -> None:
    refused = run("import", path, tmp_path / "none", status=2)
    assert refused == f"{tmp_path / 'none'} cannot be read: No such file or directory.\n"


def exported_to(output: IO[Any] | int, path: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "localswf", "export", str(path)],
        stdout=output,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(SRC)},
        timeout=60,
        check=False,
    )


@pytest.mark.usefixtures("filled")
def test_a_reader_that_has_had_enough(path: Path) -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    ended = exported_to(writing_end, path)
    os.close(writing_end)
    assert ended.stderr == b""
    assert ended.returncode == 1


@pytest.mark.usefixtures("filled")
def test_a_device_that_is_full(path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = exported_to(full, path)
    assert ended.stderr == b"The histories cannot be written: No space left on device.\n"
    assert ended.returncode == 1
