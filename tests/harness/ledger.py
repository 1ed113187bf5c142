"""What clients sent and were told, held against what a service knows after a crash."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from harness.oracle import (
    History,
    attributes,
    check_due,
    check_exchange,
    check_history,
    is_closed,
    marks,
    milliseconds,
)

_OUTCOMES = {
    "CancelTimer": {"TimerCanceled", "CancelTimerFailed"},
    "CancelWorkflowExecution": {"WorkflowExecutionCanceled", "CancelWorkflowExecutionFailed"},
    "CompleteWorkflowExecution": {"WorkflowExecutionCompleted", "CompleteWorkflowExecutionFailed"},
    "ContinueAsNewWorkflowExecution": {
        "WorkflowExecutionContinuedAsNew",
        "ContinueAsNewWorkflowExecutionFailed",
    },
    "FailWorkflowExecution": {"WorkflowExecutionFailed", "FailWorkflowExecutionFailed"},
    "RecordMarker": {"MarkerRecorded"},
    "RequestCancelActivityTask": {
        "ActivityTaskCancelRequested",
        "RequestCancelActivityTaskFailed",
    },
    "RequestCancelExternalWorkflowExecution": {"RequestCancelExternalWorkflowExecutionInitiated"},
    "ScheduleActivityTask": {"ActivityTaskScheduled"},
    "SignalExternalWorkflowExecution": {"SignalExternalWorkflowExecutionInitiated"},
    "StartChildWorkflowExecution": {"StartChildWorkflowExecutionInitiated"},
    "StartTimer": {"TimerStarted"},
}
_EVERY_OUTCOME = set().union(*_OUTCOMES.values())

Task = tuple[str, int]
"""A task that was given out: the runId and the id of the event that started it."""


class Ledger:
    """Every request leaves a mark of its own in a history, once at most.

    Acknowledged: exactly once. Refused: not at all. Cut off before its answer: in full or not at
    all. What was shown once stays so: each look at a history begins with all earlier ones.

    Attributes:
        histories: the longest look at each execution's history, by runId.
        answers: how many requests were acknowledged.
    """

    def __init__(self) -> None:
        self.answers = 0
        self.histories: dict[str, History] = {}
        self._expected: dict[str, tuple[int, int]] = {}
        self._over: dict[str, list[str]] = {}
        self._decided: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._refused: list[Task] = []
        self._heartbeats: defaultdict[Task, set[str | None]] = defaultdict(lambda: {None})
        self._cancels: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._goal, self._reached = 0, asyncio.Event()

    def after(self, answers: int) -> asyncio.Event:
        """Set when so many more requests are acknowledged; the last one asked for counts."""
        self._goal, self._reached = self.answers + answers, asyncio.Event()
        return self._reached

    # What clients tell.

    def sent(self, mark: str, decisions: Sequence[Mapping[str, Any]] | None = None) -> None:
        """A request is on its way."""
        self._expected[mark] = (0, 1)
        if decisions is not None:
            self._decided[mark] = decisions

    def acknowledged(self, mark: str) -> None:
        """A request was answered."""
        self._expected[mark] = (1, 1)
        self.answers += 1
        if self.answers >= self._goal:
            self._reached.set()

    def refused(self, mark: str, task: Task | None = None) -> None:
        """A request was answered with an error, if of a task then since the task was over."""
        self._expected[mark] = (0, 0)
        if task is not None:
            self._refused.append(task)

    def heartbeat(self, task: Task, details: str, *, acknowledged: bool) -> None:
        """A heartbeat is on its way, or answered."""
        if acknowledged:
            self._heartbeats[task].clear()
        self._heartbeats[task].add(details)

    def cancel_requested(self, run_id: str, *, acknowledged: bool) -> None:
        """A cancel request is on its way, or answered."""
        self._cancels[run_id][0 if acknowledged else 1] += 1

    def observe(self, run_id: str, history: History) -> None:
        """What was told of an execution, from the first event."""
        seen = self.histories.get(run_id, [])
        shorter, longer = sorted((seen, history), key=len)
        assert longer[: len(shorter)] == shorter, "what was told once is no more so"
        self.histories[run_id] = longer

    # What must be true.

    def forget_histories(self) -> None:
        """So that every history has to be read and held against the rules anew."""
        self.histories.clear()
        self._over.clear()

    def check(self, now: int) -> None:
        """Hold all histories, which were read at or after `now`, against the rules."""
        changed = {x: y for x, y in self.histories.items() if x not in self._over}
        for run_id, history in changed.items():
            check_history(history)
            check_due(history, now)
            check_exchange(run_id, self.histories)
            self._check_timeouts(run_id, history)
            self._check_decisions(history)
        found = Counter(mark for history in changed.values() for mark in marks(history))
        found.update(itertools.chain.from_iterable(self._over.values()))
        for mark, (low, high) in self._expected.items():
            assert low <= found[mark] <= high, f"{mark}: {found[mark]} times, not {low} to {high}"
        for run_id, (low, high) in self._cancels.items():
            count = sum(map(_is_outside_cancel, self.histories[run_id]))
            assert low <= count <= high, f"{run_id}: {count} cancel requests, not {low} to {high}"
        for run_id, started_id in self._refused:
            history = self.histories[run_id]
            assert is_closed(history) or _is_over(history, started_id), (
                f"the task of event {started_id} was refused: {history}"
            )
        self._refused.clear()
        self._over |= {x: list(marks(y)) for x, y in changed.items() if is_closed(y)}

    def _check_timeouts(self, run_id: str, history: History) -> None:
        for event in history:
            if event["eventType"] == "ActivityTaskTimedOut":
                told = attributes(event)
                details = self._heartbeats.get((run_id, told["startedEventId"]), {None})
                assert told.get("details") in details, f"not the last heartbeat: {event}"

    def _check_decisions(self, history: History) -> None:
        for completed in history:
            if completed["eventType"] != "DecisionTaskCompleted":
                continue
            decisions = self._decided[attributes(completed)["executionContext"]]
            outcomes = [
                event
                for event in history[completed["eventId"] :]
                if event["eventType"] in _EVERY_OUTCOME
                and attributes(event)["decisionTaskCompletedEventId"] == completed["eventId"]
            ]
            assert len(outcomes) == len(decisions), "not all that was decided in one answer"
            for event, decision in zip(outcomes, decisions, strict=True):
                assert event["eventType"] in _OUTCOMES[decision["decisionType"]]
                assert milliseconds(event) == milliseconds(completed)


def _is_outside_cancel(event: dict[str, Any]) -> bool:
    told = attributes(event)
    return event["eventType"] == "WorkflowExecutionCancelRequested" and not (
        told.get("cause") or told.get("externalWorkflowExecution")
    )


def _is_over(history: History, started_id: int) -> bool:
    return any(
        attributes(event).get("startedEventId") == started_id for event in history[started_id:]
    )
