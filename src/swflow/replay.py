"""The pure function at the heart: a history goes in, decisions come out.

A history is fed decision by decision: what had happened before a decision was begun is told to the
workflow's code in the order it happened, the code runs until it waits, and what it asked for is
compared, one by one, with what the history says came of that decision.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from swflow.activity import ActivityType
from swflow.attempts import ActivityCall
from swflow.commands import Command, describe
from swflow.errors import NonDeterminismError, SwflowError
from swflow.failure import Report
from swflow.history import Event, attributes, timestamp
from swflow.loop import Promise, Timer, WorkflowLoop
from swflow.parking import is_parking, was_parked
from swflow.workflow import WorkflowType

Decision = dict[str, Any]
"""One decision as RespondDecisionTaskCompleted takes it."""


def replay(workflow: WorkflowType[..., Any], events: Sequence[Event]) -> list[Decision]:
    """What a workflow's code decides at the end of a history.

    Args:
        workflow: the workflow's type.
        events: the whole history, from WorkflowExecutionStarted on.

    Returns:
        The decisions for the decision task begun last; none if it was answered already.

    Raises:
        NonDeterminismError: the code does not do what the history says it did.
    """
    with closing(Instance(workflow)) as instance:
        return instance.feed(events)


class Instance:
    """One execution of a workflow, suspended between its decisions."""

    def __init__(self, workflow: WorkflowType[..., Any]) -> None:
        self._workflow = workflow
        self._loop = WorkflowLoop(self)  # type: ignore[abstract] # the rest is added by name
        self._main: asyncio.Task[Any] | None = None
        self._asked_for = 0
        self._calls: dict[int, ActivityCall] = {}
        self._timers: dict[str, Timer] = {}
        # Events the code has not been told of, and how many of them the decision in hand may know.
        self._unseen: list[Event] = []
        self._known = 0
        self._decision_started: Event | None = None
        self._making: list[Command] = []
        self._made: list[Command] | None = None
        self._broken: SwflowError | None = None
        # The last answered decision's commands that have not been found in the history yet.
        self._unmatched: deque[Command] = deque()
        self._told: dict[str, Callable[[Event], None]] = {
            "WorkflowExecutionStarted": self._started,
            "ActivityTaskCompleted": self._activity_completed,
            "ActivityTaskFailed": self._activity_failed,
            "ActivityTaskTimedOut": self._activity_timed_out,
            "ActivityTaskCanceled": self._activity_cancelled,
            "ScheduleActivityTaskFailed": self._activity_rejected,
            "TimerFired": self._timer_fired,
            "StartTimerFailed": self._timer_rejected,
        }

    def feed(self, events: Iterable[Event]) -> list[Decision]:
        """Go on with the events that are new since the last time.

        Returns:
            The decisions for the decision task begun last; none if it was answered already.

        Raises:
            NonDeterminismError: the code does not do what the history says it did. The instance
                is of no more use then.
        """
        events = list(events)
        for index, event in enumerate(events):
            if event["eventType"].startswith("DecisionTask"):
                self._turn(event, parked=was_parked(events, index))
            elif is_parking(event):
                pass
            elif "decisionTaskCompletedEventId" in attributes(event):
                self._match(event)
            elif event["eventType"] in self._told:
                self._unseen.append(event)
        if self._decision_started is None:
            if events:
                self._check_all_matched(events[-1])
            return []
        return [command.decision() for command in self._decide()]

    def close(self) -> None:
        """Put the execution away: end what is suspended, with every command refused."""
        self._loop.shut()

    # What the workflow's code asks for, through its loop.

    def schedule(
        self, activity: ActivityType[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Promise[Any]:
        """Have an activity run."""
        promise = self._loop.create_future()
        ActivityCall(self, activity, self._number(), promise).start(args, kwargs)
        return promise

    def start_timer(self, timer: Timer, seconds: int) -> None:
        """Have a timer run after this many seconds."""
        timer.timer_id = str(self._number())
        self._command_timer(timer, seconds)

    def cancel_timer(self, timer: Timer) -> None:
        """Nobody waits for this timer any more; one that was not sent yet never is."""
        self._timers.pop(timer.timer_id, None)
        self._making = [command for command in self._making if command.owner is not timer]

    # What the calls of activities ask for.

    def schedule_attempt(self, call: ActivityCall, attributes: dict[str, Any]) -> None:
        """Have an attempt of an activity run."""
        self._making.append(Command("ScheduleActivityTask", attributes, call))

    def wait(self, timer_id: str, seconds: float, then: Callable[[], None]) -> None:
        """Go on after this many seconds."""
        timer = Timer(0, then, (), self._loop)
        timer.timer_id = timer_id
        self._command_timer(timer, math.ceil(seconds))

    def _command_timer(self, timer: Timer, seconds: int) -> None:
        self._timers[timer.timer_id] = timer
        asked = {"timerId": timer.timer_id, "startToFireTimeout": str(seconds)}
        self._making.append(Command("StartTimer", asked, timer))

    def _number(self) -> int:
        self._asked_for += 1
        return self._asked_for

    # One decision.

    def _turn(self, event: Event, *, parked: bool) -> None:
        """Go through the life of a decision task."""
        match event["eventType"]:
            case "DecisionTaskStarted":
                self._check_all_matched(event)
                self._decision_started = event
                self._known = len(self._unseen)
            case "DecisionTaskCompleted" if not parked:
                self._unmatched.extend(self._decide())
                self._decision_started = self._made = None
            case "DecisionTaskCompleted" | "DecisionTaskTimedOut":
                self._decision_started = None

    def _decide(self) -> list[Command]:
        """Tell the code what the decision in hand may know, and collect what it asks for."""
        if self._made is None:
            known, self._unseen = self._unseen[: self._known], self._unseen[self._known :]
            if self._decision_started is not None:
                self._loop.advance(timestamp(self._decision_started))
            with self._loop.entered():
                for event in known:
                    self._told[event["eventType"]](event)
                    self._loop.run_until_idle()
            self._made, self._making = self._making + self._outcome(), []
        return self._made

    def _outcome(self) -> list[Command]:
        """The decision that closes the execution, if its code has come to an end."""
        if self._broken is not None:
            return [_failure(self._broken)]
        if self._main is None or not self._main.done():
            return []
        try:
            result = self._workflow.codec.dump_result(self._main.result())
        except asyncio.CancelledError:
            return [_failure(SwflowError("the workflow's code cancelled itself"))]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the workflow's own
            return [_failure(error)]
        return [Command("CompleteWorkflowExecution", {"result": result})]

    def _match(self, event: Event) -> None:
        """Find the command that an event came of: the next one, or code and history differ."""
        command = self._unmatched.popleft() if self._unmatched else None
        if command is None or not command.caused(event):
            actual = None if command is None else str(command)
            raise NonDeterminismError(describe(event), actual, event["eventId"])
        if isinstance(command.owner, ActivityCall):
            self._calls[event["eventId"]] = command.owner
        if event["eventType"] in self._told:
            self._unseen.append(event)

    def _check_all_matched(self, event: Event) -> None:
        if self._unmatched:
            raise NonDeterminismError(None, str(self._unmatched[0]), event["eventId"])

    # What the code is told.

    def _started(self, event: Event) -> None:
        given = attributes(event).get("input")
        self._main = self._loop.create_task(self._run(given), name="main")

    async def _run(self, given: str | None) -> Any:
        args, kwargs = self._workflow.codec.load_call(given)
        return await self._workflow.function(*args, **kwargs)

    def _activity_completed(self, event: Event) -> None:
        self._call(event).completed(attributes(event).get("result"))

    def _activity_failed(self, event: Event) -> None:
        says = attributes(event)
        self._call(event).failed(says.get("reason"), says.get("details"))

    def _activity_timed_out(self, event: Event) -> None:
        says = attributes(event)
        self._call(event).timed_out(says["timeoutType"], says.get("details"))

    def _activity_cancelled(self, event: Event) -> None:
        self._call(event).cancelled()

    def _activity_rejected(self, event: Event) -> None:
        self._calls.pop(event["eventId"]).rejected(attributes(event)["cause"])

    def _call(self, event: Event) -> ActivityCall:
        return self._calls.pop(attributes(event)["scheduledEventId"])

    def _timer_fired(self, event: Event) -> None:
        # A timer that nobody waits for any more fires all the same.
        timer = self._timers.pop(attributes(event)["timerId"], None)
        if timer is not None:
            self._loop.fire(timer)

    def _timer_rejected(self, event: Event) -> None:
        cause = attributes(event)["cause"]
        self._broken = SwflowError(f"a timer of the workflow could not be started: {cause}")


def _failure(error: BaseException) -> Command:
    return Command("FailWorkflowExecution", Report.of(error).wire())
