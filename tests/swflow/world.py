"""Amazon SWF as a workflow's history sees it, with everything happening in any order."""

from collections.abc import Callable
from typing import Any

from swflow import WorkflowType
from swflow.execution.recorded import CACHED
from tests.swflow.handwritten import History

Choose = Callable[[int], int]
"""Gives a number from 0 to below its argument."""


class World:
    """Runs one execution to its end, by an instance that is kept and dropped as it happens.

    Every decision is made twice, by what is kept and by a full replay, and both have to agree.
    """

    def __init__(self, workflow: WorkflowType[..., Any], choose: Choose, *args: Any) -> None:
        self.history = History(workflow, *args, kept=True)
        self.scheduled = list[str]()
        self._choose = choose
        self._open: dict[tuple[str, str], int] = {}
        self._cancel_requested = False
        self.closed_by: dict[str, Any] | None = None

    def run(self, steps: int = 150) -> dict[str, Any]:
        """The decision that closed the execution."""
        try:
            self._decide()
            while self.closed_by is None:
                steps -= 1
                assert steps > 0, "the execution does not end"
                for _ in range(1 + self._choose(2)):
                    self._happen(calm=steps < 100)
                self._decide()
        finally:
            self.history.close()
        return self.closed_by

    def _decide(self) -> None:
        history = self.history
        history.begin_decision()
        if self._choose(8) == 0:  # a decider that dies, before or after it has decided
            if self._choose(2):
                self._decisions(lost=True)
            history.add("DecisionTaskTimedOut", timeoutType="START_TO_CLOSE")
            self._happen(calm=True)
            history.begin_decision()
        decisions = self._decisions(lost=False)
        if not any(map(_records, decisions)):  # what is found out anew is another every time
            assert _comparable(history.replayed()) == _comparable(decisions)
        seen = len(history.events)
        if self._choose(4) == 0:
            self._happen(calm=True)
        completed = history.add("DecisionTaskCompleted")
        news = len(history.events) - 1 > seen
        for decision in decisions:
            self._carry_out(decision, completed, news=news)

    def _decisions(self, *, lost: bool) -> list[dict[str, Any]]:
        """What is decided; `lost`: nobody will hear of it."""
        if not lost and self._choose(4) == 0:
            self.history.drop()
        return self.history.decisions()

    def _carry_out(self, decision: dict[str, Any], completed: int, *, news: bool) -> None:
        """Write down what comes of a decision; `news`: the code has not seen all that happened."""
        kind, says = _read(decision)
        match kind:
            case "ScheduleActivityTask":
                self.scheduled.append(says["activityId"])
                self._write("activity", says["activityId"], decision, completed)
            case "StartTimer":
                self._write("timer", says["timerId"], decision, completed)
            case "StartChildWorkflowExecution":
                self._write("child", says["workflowId"], decision, completed)
            case "CancelTimer" | "RequestCancelActivityTask":
                self._cancel(decision, completed)
            case "RequestCancelExternalWorkflowExecution":
                self.history.write(decision, completed)
                self._ask_child(says["workflowId"], completed)
            case "RecordMarker":
                self.history.write(decision, completed)
            case _ if news:
                self._refuse(f"{kind}Failed", "UNHANDLED_DECISION", completed)
            case _:
                self.history.write(decision, completed)
                self.closed_by = decision

    def _write(self, kind: str, name: str, decision: dict[str, Any], completed: int) -> None:
        self.history.write(decision, completed)
        self._open[kind, name] = len(self.history.events)

    def _cancel(self, decision: dict[str, Any], completed: int) -> None:
        kind, says = _read(decision)
        if kind == "CancelTimer":
            key, cause = ("timer", says["timerId"]), "TIMER_ID_UNKNOWN"
        else:
            key, cause = ("activity", says["activityId"]), "ACTIVITY_ID_UNKNOWN"
        if key not in self._open:
            self._refuse(f"{kind}Failed", cause, completed, **says)
            return
        self.history.write(decision, completed)
        if kind == "CancelTimer":
            del self._open[key]
        elif self._choose(2):
            self._end(*key, "ActivityTaskCanceled")

    def _refuse(self, event: str, cause: str, completed: int, **says: Any) -> None:
        self.history.add(event, cause=cause, decisionTaskCompletedEventId=completed, **says)

    def _ask_child(self, workflow_id: str, completed: int) -> None:
        initiated = len(self.history.events)
        if self._choose(3) or ("child", workflow_id) not in self._open:
            failed = "RequestCancelExternalWorkflowExecutionFailed"
            cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            this = {"initiatedEventId": initiated, "workflowId": workflow_id}
            self._refuse(failed, cause, completed, **this)
            return
        accepted = "ExternalWorkflowExecutionCancelRequested"
        self.history.add(accepted, initiatedEventId=initiated)
        self._end("child", workflow_id, "ChildWorkflowExecutionCanceled")

    def _happen(self, *, calm: bool) -> None:
        """Let one thing happen; if calm, nothing that keeps the execution from its end."""
        self.history.after(self._choose(5))
        what = self._choose(10)
        if what == 0 or not self._open:
            self.history.signal("word", f"w{self._choose(3)}")
        elif what == 1 and not calm and not self._cancel_requested:
            self._cancel_requested = True
            self.history.request_cancel()
        else:
            self._settle(list(self._open)[self._choose(len(self._open))], calm=calm)

    def _settle(self, which: tuple[str, str], *, calm: bool) -> None:
        kind, name = which
        how = 9 if calm else self._choose(10)
        match kind:
            case "timer":
                self._end(kind, name, "TimerFired", timerId=name)
            case "activity" if how == 0:
                self._end(kind, name, "ActivityTaskFailed", reason="oops")
            case "activity" if how == 1:
                self._end(kind, name, "ActivityTaskTimedOut", timeoutType="START_TO_CLOSE")
            case "activity":
                self._end(kind, name, "ActivityTaskCompleted", result=f'"{name}"')
            case "child" if how == 0:
                self._end(kind, name, "ChildWorkflowExecutionTerminated")
            case "child" if how < 4:
                self.history.start_child(name)
            case _:
                self._end(kind, name, "ChildWorkflowExecutionCompleted", result='"child"')

    def _end(self, kind: str, name: str, event: str, **says: Any) -> None:
        began = self._open.pop((kind, name))
        key = {"activity": "scheduled", "timer": "started", "child": "initiated"}[kind]
        self.history.add(event, **{f"{key}EventId": began}, **says)


def _read(decision: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    kind = decision["decisionType"]
    return kind, decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]


def _records(decision: dict[str, Any]) -> bool:
    kind, says = _read(decision)
    return kind == "RecordMarker" and says["markerName"] == CACHED


def _comparable(decisions: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The decisions without tracebacks, which say how the code was called as well."""
    return [
        (
            kind,
            {key: says[key] for key in says if kind != "FailWorkflowExecution" or key == "reason"},
        )
        for kind, says in map(_read, decisions)
    ]
