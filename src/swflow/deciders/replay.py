"""The pure function at the heart: a history goes in, decisions come out.

A history is fed decision by decision: what had happened before a decision was begun is told to the
workflow's code in the order it happened, the code runs until it waits, and what it asked for is
compared, one by one, with what the history says came of that decision.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from swflow.authoring.workflow import WorkflowType
from swflow.deciders.main_task import MainTask
from swflow.deciders.parking import is_parking, was_parked
from swflow.errors import NonDeterminismError, OutdatedInstance
from swflow.execution.commands import Command, Owner, describe
from swflow.execution.context import Context
from swflow.execution.history import Event, attributes, seconds
from swflow.execution.recorded import PATCHED, Recorded
from swflow.execution.travelling import open_events
from swflow.values.payloads import PLAIN, Payloads
from swflow.values.sealing import PLAIN_SEALER, Sealer

Decision = dict[str, Any]
"""One decision as RespondDecisionTaskCompleted takes it."""

# What happens to something that a decision brought about, and where it says which event that was.
_ABOUT = {
    "ActivityTaskCompleted": "scheduledEventId",
    "ActivityTaskFailed": "scheduledEventId",
    "ActivityTaskTimedOut": "scheduledEventId",
    "ActivityTaskCanceled": "scheduledEventId",
    "TimerFired": "startedEventId",
    "ChildWorkflowExecutionStarted": "initiatedEventId",
    "ChildWorkflowExecutionCompleted": "initiatedEventId",
    "ChildWorkflowExecutionFailed": "initiatedEventId",
    "ChildWorkflowExecutionTimedOut": "initiatedEventId",
    "ChildWorkflowExecutionCanceled": "initiatedEventId",
    "ChildWorkflowExecutionTerminated": "initiatedEventId",
    "ExternalWorkflowExecutionSignaled": "initiatedEventId",
    "ExternalWorkflowExecutionCancelRequested": "initiatedEventId",
    # These three are 0 where the decision itself was refused, and brought nothing about.
    "StartChildWorkflowExecutionFailed": "initiatedEventId",
    "SignalExternalWorkflowExecutionFailed": "initiatedEventId",
    "RequestCancelExternalWorkflowExecutionFailed": "initiatedEventId",
}

_NOT_THE_LAST = "ChildWorkflowExecutionStarted"

_OF_NO_CONCERN = frozenset({"ActivityTaskStarted", "DecisionTaskScheduled"})
"""Events that nobody is told of: every third one."""


def replay(
    workflow: WorkflowType[..., Any],
    events: Sequence[Event],
    *,
    workflow_id: str = "",
    run_id: str = "",
    domain: str = "",
    payloads: Payloads = PLAIN,
) -> list[Decision]:
    """What a workflow's code decides at the end of a history.

    Args:
        workflow: the workflow's type.
        events: the whole history, from WorkflowExecutionStarted on.
        workflow_id: whose history it is, for code that asks `info()`; a history does not say.
        run_id: which of the executions with that id it is, likewise.
        domain: of the history, for payloads that are stored or encrypted.
        payloads: how those of the domain travel. The decisions' own are given as they are.

    Returns:
        The decisions for the decision task begun last; none if it was answered already.

    Raises:
        NonDeterminismError: the code does not do what the history says it did.
        PayloadError: a payload of the history cannot be fetched or decoded.
    """
    sealer = Sealer(domain, payloads)
    with closing(Instance(workflow, sealer, workflow_id=workflow_id, run_id=run_id)) as instance:
        return instance.feed(open_events(sealer, events))


class Instance:
    """One execution of a workflow, suspended between its decisions.

    It is fed and closed on the thread that made it: a `def` workflow cannot move to another.

    Args:
        workflow: the workflow's type.
        sealer: of the domain; no payloads are sealed, if left out.
        workflow_id: whom it is about.
        run_id: which of the executions with that id it is.
        traced: note where in the code each command is asked for, for a NonDeterminismError.
    """

    def __init__(
        self,
        workflow: WorkflowType[..., Any],
        sealer: Sealer = PLAIN_SEALER,
        *,
        workflow_id: str = "",
        run_id: str = "",
        traced: bool = False,
    ) -> None:
        self._context = Context(workflow, workflow_id, run_id, sealer)
        self._context.traced = traced
        self._loop = self._context.loop
        self._main = MainTask(self._context)
        self._owners: dict[int, Owner] = {}
        # Events the code has not been told of, and how many of them the decision in hand may know.
        self._unseen: list[Event] = []
        self._known = 0
        self._decision_started: Event | None = None
        self._made: list[Command] | None = None
        # The last answered decision's commands that have not been found in the history yet.
        self._unmatched: deque[Command] = deque()

    @property
    def published(self) -> str | None:
        """What the decision in hand publishes, to be sent as its executionContext."""
        return self._context.published

    @property
    def called(self) -> list[Any]:
        """The types of the activities and workflows that the decision in hand calls."""
        return [each.callee for each in self._made or () if each.callee is not None]

    @property
    def error(self) -> BaseException | None:
        """What the workflow's code failed with, once it has."""
        return self._main.error

    def feed(self, events: Iterable[Event]) -> list[Decision]:
        """Go on with the events that are new since the last time.

        Args:
            events: the new ones, in order, as `open_events` gives them. What came of a decision is
                not torn from the decision: they end with the DecisionTaskStarted of a decision, or
                with the history.

        Returns:
            The decisions for the decision task begun last; none if it was answered already.

        Raises:
            NonDeterminismError: the code does not do what the history says it did. The instance
                is of no more use then.
            OutdatedInstance: the decision that it made last was not taken. A new instance, fed
                with the whole history, goes on.
        """
        events = list(events)
        for index, event in enumerate(events):
            kind = event["eventType"]
            if kind in _OF_NO_CONCERN:
                continue
            if kind.startswith("DecisionTask"):
                self._turn(event, events, index)
            elif not is_parking(event):
                self._note(event)
        if self._decision_started is None:
            if events:
                self._check_all_matched(events[-1])
            return []
        return [command.decision() for command in self._decide(None)]

    def close(self) -> None:
        """Put the execution away: end what is suspended, with every command refused."""
        self._loop.shut()

    # One decision.

    def _turn(self, event: Event, events: Sequence[Event], index: int) -> None:
        """Go through the life of a decision task."""
        match event["eventType"]:
            case "DecisionTaskStarted":
                self._check_all_matched(event)
                self._decision_started = event
                self._known = len(self._unseen)
            case "DecisionTaskCompleted" if not was_parked(events, index):
                self._unmatched.extend(self._decide(Recorded(events, index)))
                self._decision_started = self._made = self._context.published = None
            case "DecisionTaskCompleted" | "DecisionTaskTimedOut":
                if self._made is not None:
                    raise OutdatedInstance
                self._decision_started = None

    def _decide(self, recorded: Recorded | None) -> list[Command]:
        """Tell the code what the decision in hand may know, and collect what it asks for."""
        if self._made is None:
            known, self._unseen = self._unseen[: self._known], self._unseen[self._known :]
            context = self._context
            if self._decision_started is not None:
                self._loop.advance(seconds(self._decision_started))
                context.history_length = self._decision_started["eventId"]
            context.recorded = recorded
            with self._loop.entered():
                for event in known:
                    self._tell(event)
                    self._loop.run_until_idle()
            self._made = [*context.making, *self._main.outcome()]
            context.making.clear()
            context.recorded = None
        return self._made

    def _note(self, event: Event) -> None:
        """Keep an event for the code, or find the command that it came of."""
        says = attributes(event)
        about = _ABOUT.get(event["eventType"])
        if about is not None and says[about]:
            self._unseen.append(event)
        elif "decisionTaskCompletedEventId" in says:
            self._match(event)
        elif event["eventType"].startswith("WorkflowExecution"):
            self._unseen.append(event)

    def _match(self, event: Event) -> None:
        """Find the command that an event came of: the next one, or code and history differ."""
        command = self._unmatched[0] if self._unmatched else None
        if command is None or not command.caused(event, self._context.sealer):
            if _is_patch(event):  # the code has grown out of asking whether it is patched
                return
            raise _difference(describe(event, self._context.sealer), command, event)
        self._unmatched.popleft()
        if command.owner is not None:
            self._owners[event["eventId"]] = command.owner
        if event["eventType"] == "TimerCanceled":
            self._owners.pop(attributes(event)["startedEventId"], None)
        if event["eventType"].endswith("Failed"):
            self._unseen.append(event)

    def _check_all_matched(self, event: Event) -> None:
        if self._unmatched:
            raise _difference(None, self._unmatched[0], event)

    def _tell(self, event: Event) -> None:
        """Tell whoever an event is about."""
        kind = event["eventType"]
        about = _ABOUT.get(kind)
        event_id = (attributes(event)[about] if about else 0) or event["eventId"]
        if kind == _NOT_THE_LAST:
            owner = self._owners.get(event_id)
        else:
            owner = self._owners.pop(event_id, None)
        if owner is not None:
            owner.told(event)
        elif about is None:
            self._main.told(event)


def _difference(there: str | None, here: Command | None, event: Event) -> NonDeterminismError:
    if here is None:
        return NonDeterminismError(there, None, event["eventId"])
    return NonDeterminismError(there, str(here), event["eventId"], here.where)


def _is_patch(event: Event) -> bool:
    is_marker = event["eventType"] == "MarkerRecorded"
    return is_marker and bool(attributes(event)["markerName"] == PATCHED)
