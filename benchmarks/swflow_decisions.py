"""What a decision costs as histories grow, and a call: `python -m benchmarks.swflow_decisions`.

A decision is the decider's own CPU time from the bytes of a poll's answer to the signed bytes of
its own: JSON, the workflow's code, the signature; without sockets and without the log. It is made
with what is kept in memory and with the whole history, as if its process had just begun. Replay
alone is that of the parsed events. The calls go to a `localswf serve`, over the light transport
and over boto3.
"""

import json
import logging
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.localswf_http import localswf
from benchmarks.report import markdown
from benchmarks.steps import steps
from swflow import Client, replay
from swflow.deciders.deciding import Deciding
from swflow.endpoint.answer import Answer
from swflow.endpoint.connection import Connection
from swflow.endpoint.lanes import Call, Conversation
from swflow.endpoint.transport import Transport

_LENGTHS = (10, 100, 1_000, 2_000, 10_000, 20_000)
_DECISIONS = 100
_ROUNDS = 5
_PAGE = 1_000
_CALLS = 2_000
_YEAR = timedelta(days=365)
_EXECUTION = {"workflowId": "the-id", "runId": "the-run"}


class History:
    """An execution of `steps` that does not end, as a service keeps it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add("WorkflowExecutionStarted", input=steps.encode_input((10**9,), {}))
        self._previous = 0

    def add(self, kind: str, **says: Any) -> int:
        """Write an event down; gives its id."""
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        at, number = 1.7e9 + len(self.events), len(self.events) + 1
        event = {"eventId": number, "eventType": kind, "eventTimestamp": at, key: says}
        self.events.append(event)
        return number

    def begin(self) -> dict[str, Any]:
        """A decision task, as a poll gives it to a decider that keeps the execution."""
        scheduled = self.add("DecisionTaskScheduled")
        started = self.add("DecisionTaskStarted", scheduledEventId=scheduled)
        return {
            "taskToken": "token",
            "startedEventId": started,
            "previousStartedEventId": self._previous,
            "workflowExecution": _EXECUTION,
            "workflowType": {"name": "Steps", "version": "1"},
            "events": self.events[max(0, self._previous - 1) :],
        }

    def complete(self, decisions: list[dict[str, Any]]) -> None:
        """Take the decisions, and carry out the step that they ask for."""
        self._previous = len(self.events)
        completed = self.add("DecisionTaskCompleted", startedEventId=self._previous)
        (decision,) = decisions
        says = decision["scheduleActivityTaskDecisionAttributes"]
        step = self.add("ActivityTaskScheduled", decisionTaskCompletedEventId=completed, **says)
        begun = self.add("ActivityTaskStarted", scheduledEventId=step)
        self.add("ActivityTaskCompleted", scheduledEventId=step, startedEventId=begun, result="1")


def main() -> None:
    """Measure, and print tables."""
    logging.disable()
    transport = Connection("films", "http://127.0.0.1:9", "us-east-1", None).transport
    print(
        markdown(("events", "kept, ms", "whole history, ms", "replay alone, ms"), _rows(transport))
    )
    print()
    print(markdown(("a call by", "CPU, ms"), _calls()))


def _rows(transport: Transport) -> list[tuple[str, ...]]:
    """The cost of decisions at each length."""
    history, kept = History(), Deciding("films", [steps], "own", 1)
    costs: list[tuple[int, float]] = []
    while len(history.events) < _LENGTHS[-1] + _DECISIONS * 6:
        answer = _wire(history.begin())
        before = time.process_time()
        decisions = _decide(transport, kept, answer, [])
        costs.append((len(history.events), time.process_time() - before))
        history.complete(decisions)
    kept.close()
    return [
        (
            f"{length:,}",
            _milliseconds([cost for at, cost in costs if at >= length][:_DECISIONS]),
            _milliseconds([_whole(transport, history, length) for _ in range(_ROUNDS)]),
            _milliseconds([_replayed(history, length) for _ in range(_ROUNDS)]),
        )
        for length in _LENGTHS
    ]


def _whole(transport: Transport, history: History, length: int) -> float:
    """Seconds for a decision at this length, by a decider that has just begun."""
    events = _cut(history, length)
    pages = [
        _wire({"events": events[at : at + _PAGE], "nextPageToken": "more"})
        for at in range(0, len(events), _PAGE)
    ]
    answer = _wire(
        {
            "taskToken": "token",
            "startedEventId": len(events),
            "previousStartedEventId": len(events) - 6,
            "workflowExecution": _EXECUTION,
            "workflowType": {"name": "Steps", "version": "1"},
            "events": events[:-101:-1],
        }
    )
    begun = Deciding("films", [steps], "own", 1)
    before = time.process_time()
    _decide(transport, begun, answer, pages)
    took = time.process_time() - before
    begun.close()
    return took


def _replayed(history: History, length: int) -> float:
    events = _cut(history, length)
    before = time.process_time()
    replay(steps, events)
    return time.process_time() - before


def _cut(history: History, length: int) -> list[dict[str, Any]]:
    """The events up to the first decision from this length on."""
    end = next(
        event["eventId"]
        for event in history.events[length - 1 :]
        if event["eventType"] == "DecisionTaskStarted"
    )
    return history.events[:end]


def _decide(
    transport: Transport, deciding: Deciding, answer: Answer, pages: list[Answer]
) -> list[dict[str, Any]]:
    """Carry a decision's conversation on, without a network; gives what was decided."""
    conversation: Conversation[None] = deciding.decide(transport.read("Poll", answer))
    asked, remaining = next(conversation), iter(pages)
    while isinstance(asked, Call) and asked.operation == "GetWorkflowExecutionHistory":
        transport.request(asked.operation, asked.parameters)
        asked = conversation.send(transport.read(asked.operation, next(remaining)))
    assert isinstance(asked, Call)  # noqa: S101 - a healthy execution never pauses
    transport.request(asked.operation, asked.parameters)
    for _ in conversation:  # taken: the answer is empty
        pass
    decisions: list[dict[str, Any]] = asked.parameters["decisions"]
    return decisions


def _wire(says: dict[str, Any]) -> Answer:
    return Answer(200, b"", json.dumps(says).encode(), lasts=True)


def _calls() -> list[tuple[str, str]]:
    """The cost of a small call."""
    asked: dict[str, Any] = {"domain": "films", "taskList": {"name": "steps"}}
    with TemporaryDirectory() as folder, localswf(Path(folder) / "swf.db") as (port, _):
        client = Client("films", endpoint_url=f"http://127.0.0.1:{port}")
        client.register(retention=timedelta(days=1))
        light, boto3 = client.connection.transport, client.connection.swf
        operation = "CountPendingActivityTasks"
        ways: dict[str, tuple[Callable[[], object], int]] = {
            "the light transport": (lambda: light.call(operation, asked), _CALLS),
            "boto3": (lambda: boto3.count_pending_activity_tasks(**asked), _CALLS // 10),
        }
        return [
            (name, _milliseconds([_each(*way) for _ in range(3)])) for name, way in ways.items()
        ]


def _each(call: Callable[[], object], times: int) -> float:
    call()
    before = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - before) / times


def _milliseconds(seconds: list[float]) -> str:
    """The median and the least."""
    return f"{statistics.median(seconds) * 1e3:.3f} ({min(seconds) * 1e3:.3f})"


if __name__ == "__main__":
    main()
