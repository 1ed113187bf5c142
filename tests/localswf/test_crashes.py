"""A crash leaves both sides with what passed between two executions, or neither."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock

ANSWERED = {
    "SignalExternalWorkflowExecutionInitiated": "ExternalWorkflowExecutionSignaled",
    "RequestCancelExternalWorkflowExecutionInitiated": "ExternalWorkflowExecutionCancelRequested",
    "StartChildWorkflowExecutionInitiated": "ChildWorkflowExecutionStarted",
}
PROCESS = {"name": "Process", "version": "1"}


class Moments:
    """Copies of the data file: one after every commit."""

    def __init__(self, folder: Path, clock: VirtualClock) -> None:
        self.folder = folder
        self.paths: list[Path] = []
        self.client = Client(Service(folder / "swf.db", clock))
        journal = self.client._service._journal
        commit = journal._commit

        def commit_and_copy(queue: Any) -> None:
            commit(queue)
            path = folder / f"{len(self.paths)}.db"
            copy = sqlite3.connect(path)
            journal._writer.backup(copy)
            copy.close()
            self.paths.append(path)

        journal._commit = commit_and_copy


@pytest.fixture
def moments(tmp_path: Path, clock: VirtualClock) -> Iterator[Moments]:
    moments = Moments(tmp_path, clock)
    yield moments
    moments.client.close()


@pytest.fixture
def client(moments: Moments) -> Client:
    return moments.client


@pytest.fixture
def after_a_crash(
    moments: Moments, clock: VirtualClock
) -> Callable[[], Iterator[dict[str, list[dict[str, Any]]]]]:
    """The histories of all executions by workflowId, for a crash after each commit."""

    def crash_everywhere() -> Iterator[dict[str, list[dict[str, Any]]]]:
        for path in moments.paths:
            client: Any = Client(Service(path, VirtualClock(clock.now())))
            with client:
                yield histories(client)

    return crash_everywhere


def histories(client: Any) -> dict[str, list[dict[str, Any]]]:
    try:
        listed = [
            *client.list_open_workflow_executions(
                domain="videos", startTimeFilter={"oldestDate": 0}
            )["executionInfos"],
            *client.list_closed_workflow_executions(
                domain="videos", startTimeFilter={"oldestDate": 0}
            )["executionInfos"],
        ]
    except client.exceptions.UnknownResourceFault:
        return {}
    return {
        info["execution"]["workflowId"]: client.get_workflow_execution_history(
            domain="videos", execution=info["execution"]
        )["events"]
        for info in sorted(listed, key=lambda info: info["startTimestamp"])
    }


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


def test_requests_and_their_answers_are_in_one_commit(swf: Any, after_a_crash: Any) -> None:
    swf.start("target", taskList={"name": "others"})
    swf.start()
    swf.decide(
        swf.decision("SignalExternalWorkflowExecution", workflowId="target", signalName="s"),
        swf.decision("RequestCancelExternalWorkflowExecution", workflowId="target"),
        swf.decision("StartChildWorkflowExecution", workflowId="child", workflowType=PROCESS),
    )
    seen = 0
    for found in after_a_crash():
        source = types(found.get("video", []))
        if "DecisionTaskCompleted" not in source:
            assert "child" not in found
            continue
        seen += 1
        for initiated, answered in ANSWERED.items():
            assert source.count(initiated) == source.count(answered) == 1
        target = types(found["target"])
        assert target.count("WorkflowExecutionSignaled") == 1
        assert target.count("WorkflowExecutionCancelRequested") == 1
        assert types(found["child"]) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    assert seen


def test_ends_and_what_follows_from_them_are_in_one_commit(swf: Any, after_a_crash: Any) -> None:
    swf.start()
    swf.decide(
        *(
            swf.decision(
                "StartChildWorkflowExecution",
                workflowId=name,
                workflowType=PROCESS,
                taskList={"name": name},
            )
            for name in ("one", "two")
        )
    )
    swf.answer(swf.poll_decision("one"), swf.complete())
    swf.client.terminate_workflow_execution(domain="videos", workflowId="video")
    seen = set()
    for found in after_a_crash():
        parent = types(found.get("video", []))
        if "one" in found:
            completed = "WorkflowExecutionCompleted" in types(found["one"])
            assert completed == ("ChildWorkflowExecutionCompleted" in parent)
            terminated = "WorkflowExecutionTerminated" in parent
            assert terminated == ("WorkflowExecutionTerminated" in types(found["two"]))
            seen.add((completed, terminated))
    assert seen == {(False, False), (True, False), (True, True)}


def test_a_run_and_the_one_that_continues_it_are_in_one_commit(
    swf: Any, after_a_crash: Any, clock: Any
) -> None:
    swf.start()
    clock.advance(1)
    swf.decide(swf.decision("ContinueAsNewWorkflowExecution"))
    # By workflowId, the last one started is what is found.
    lengths = [
        (len(found["video"]), "continuedExecutionRunId" in str(found["video"][0]))
        for found in after_a_crash()
        if "video" in found
    ]
    assert lengths[-1] == (2, True)
    assert (5, False) not in lengths
