"""One decision task from beginning to end, as a conversation with Amazon SWF."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from swflow.authoring.workflow import WorkflowType
from swflow.deciders.cache import Cache, Kept
from swflow.deciders.parking import park
from swflow.deciders.replay import Decision, Instance
from swflow.endpoint.lanes import Aside, Call, Conversation, Pause
from swflow.endpoint.retrying import code, delays, persistently
from swflow.errors import OutdatedInstance, SwflowError
from swflow.execution.history import Event
from swflow.execution.travelling import is_plain_decision, open_events, seal_decisions, sealed_in
from swflow.telemetry import metrics
from swflow.telemetry.logs import TaskLog
from swflow.telemetry.tracing import span
from swflow.values.sealing import PLAIN_SEALER, Sealer

_log = logging.getLogger(__name__)

_PATIENCE = timedelta(minutes=5)
_PAGE = 1_000
_LOOKS = 8
_STICKY_SECONDS = "10"
_CLOSING = frozenset(
    {
        "CancelWorkflowExecution",
        "CompleteWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
        "FailWorkflowExecution",
    }
)


class Deciding:
    """Makes the decisions of some types of workflows, and keeps their executions in between.

    An exception that leaves a workflow's function fails its execution: that is the workflow's
    answer. Where the decider cannot go on for reasons that are not the execution's (the code
    differs from the history, the type is not served here, the service refuses the decisions) the
    execution is set aside, as `parking` says: the healthy execution of a wrong deployment
    goes on as soon as the right one is there.

    Args:
        domain: the domain.
        workflows: the types.
        own_list: the task list that this process alone polls, for the executions it keeps; None
            if their decisions come on the common list, as where there is no other decider.
        keep: how many executions to keep; 0 to replay the history for every decision.
        sealer: what the domain's payloads pass.
    """

    def __init__(
        self,
        domain: str,
        workflows: Iterable[WorkflowType[..., Any]],
        own_list: str | None,
        keep: int,
        sealer: Sealer = PLAIN_SEALER,
    ) -> None:
        self._domain = domain
        self._sealer = sealer
        self._workflows = {(each.name, each.version): each for each in workflows}
        self._cache = Cache(keep)
        self._own_list = own_list if keep else None
        self._giving_back: str | None = None

    @property
    def served(self) -> str:
        """The types, for people."""
        return ", ".join(f"{name} {version}" for name, version in self._workflows)

    @property
    def kept(self) -> int:
        """How many executions are kept at the moment."""
        return len(self._cache)

    def close(self) -> None:
        """Put away what is kept."""
        self._cache.close()

    def give_back(self, task_list: str) -> None:
        """Keep no more executions: from now on their decisions go to this list again."""
        self._giving_back = task_list

    def decide(self, task: Mapping[str, Any]) -> Conversation[None]:
        """Decide a task.

        Args:
            task: what a poll gave.
        """
        log = TaskLog(_log, self._domain, task)
        try:
            made = yield from self._make(task, log)
        except (BotoCoreError, ClientError):
            log.exception("could not read the history; the decision will time out")
            self._count(log, "full", "unanswered")
            return
        if made.kept is not None:
            self._put_back(task, made.kept, made.kinds)
        taken = yield from self._answer(task, made, log)
        if taken is None:
            self._count(log, made.replay, "unanswered")
            return
        log.debug("decided after %d events: %s", task["startedEventId"], taken.kinds or "nothing")
        self._count(log, made.replay, "decided" if taken.kept is not None else "set aside")

    def _count(self, log: TaskLog, replay: str, outcome: str) -> None:
        metrics.decided(log.kind, replay, outcome, log.seconds)
        metrics.kept(len(self._cache), self._cache.evictions)
        self._cache.evictions = 0

    # The decisions.

    def _make(self, task: Mapping[str, Any], log: TaskLog) -> Conversation["_Made"]:
        """Decide with what is kept and what is new, or else with the whole history."""
        came = sorted(task["events"], key=itemgetter("eventId"))
        kept = self._cache.take(task["workflowExecution"]["runId"])
        if kept is not None:
            new = kept.new(task, came)
            if new is not None:
                with suppress(OutdatedInstance):
                    return (yield from self._fed(task, kept, new, log, "kept"))
            kept.close()
        events = yield from self._history(task, came)
        return (yield from self._fed(task, None, events, log, "full"))

    def _fed(
        self,
        task: Mapping[str, Any],
        kept: Kept | None,
        events: list[Event],
        log: TaskLog,
        replay: str,
    ) -> Conversation["_Made"]:
        """Tell an execution these events; set it aside if that cannot be done."""
        try:
            kept = kept or Kept(self._begun(task))
            opened = yield from self._opened(events)
            with span(f"decide {log.kind}", log.about):
                return _Made(kept.feed(opened), events, kept, replay)
        except OutdatedInstance:
            raise
        except Exception as error:
            if kept is not None:
                kept.close()
            log.exception("set aside: it cannot go on with this decider's code")
            return _Made(park(events, f"{type(error).__name__}: {error}"), events, None, replay)

    def _begun(self, task: Mapping[str, Any]) -> Instance:
        kind, execution = task["workflowType"], task["workflowExecution"]
        workflow = self._workflows.get((kind["name"], kind["version"]))
        if workflow is None:
            raise SwflowError(
                f"{kind['name']} {kind['version']} is not served here; "
                f"this decider serves {self.served}"
            )
        workflow_id, run_id = execution["workflowId"], execution["runId"]
        return Instance(workflow, self._sealer, workflow_id=workflow_id, run_id=run_id)

    def _history(self, task: Mapping[str, Any], came: Sequence[Event]) -> Conversation[list[Event]]:
        """The whole history up to the decision: what came with the task, and what was before."""
        last = task["startedEventId"]
        is_newest = bool(came) and came[-1]["eventId"] == last
        tail = list(came) if is_newest else []
        missing = last - len(tail)
        waits = islice(delays(), _LOOKS)
        while True:
            events = yield from self._read(task, missing)
            if len(events) == missing:
                return events + tail
            pause = next(waits, None)  # it may take Amazon SWF a moment to show what happened
            if pause is None:
                raise IncompleteReadError(actual_bytes=len(events), expected_bytes=missing)
            yield Pause(pause)

    def _read(self, task: Mapping[str, Any], length: int) -> Conversation[list[Event]]:
        """The first events of an execution."""
        events: list[Event] = []
        asked = {
            "domain": self._domain,
            "execution": task["workflowExecution"],
            "maximumPageSize": _PAGE,
        }
        token: dict[str, str] | None = {}
        patience = _PATIENCE.total_seconds()
        while token is not None and len(events) < length:
            parameters = asked | token
            page = yield Call("GetWorkflowExecutionHistory", parameters, patience=patience)
            events += page["events"]
            more = page.get("nextPageToken")
            token = {"nextPageToken": more} if more else None
        return events[:length]

    # The answer.

    def _put_back(self, task: Mapping[str, Any], kept: Kept, kinds: list[str]) -> None:
        """Keep an execution that will be asked for more decisions here, from before its answer on.

        The next task may well come before the word that the answer was taken; that it was, the
        task says itself, by the decision that it names as the previous one.
        """
        is_open = not kinds or kinds[-1] not in _CLOSING
        if is_open and self._cache.size > 0 and self._giving_back is None:
            self._cache.put(task["workflowExecution"]["runId"], kept)
        else:
            kept.close()

    def _answer(
        self, task: Mapping[str, Any], made: "_Made", log: TaskLog
    ) -> Conversation["_Made | None"]:
        """Answer a task; gives what was taken, None if nothing was."""
        try:
            yield (yield from self._respond(task, made))
        except (BotoCoreError, ClientError, SwflowError) as error:
            self._cache.drop(task["workflowExecution"]["runId"], made.kept)
            if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
                log.warning("too late: the decision task is not open any more")
                return None
            log.exception("set aside: its decisions could not be sent")
            made = _Made(park(made.events, str(error)), made.events, None, made.replay)
            try:
                yield (yield from self._respond(task, made))
            except (BotoCoreError, ClientError, SwflowError):
                log.exception("no answer was taken; the decision will time out")
                return None
        return made

    def _respond(self, task: Mapping[str, Any], made: "_Made") -> Conversation[Call]:
        answer: dict[str, Any] = {"taskToken": task["taskToken"], **(yield from self._sealed(made))}
        if self._giving_back is not None:
            answer["taskList"] = {"name": self._giving_back}
        elif self._own_list is not None and made.kept is not None:
            answer["taskList"] = {"name": self._own_list}
            # Without it nobody would ever decide if this process died.
            answer["taskListScheduleToStartTimeout"] = _STICKY_SECONDS
        return Call("RespondDecisionTaskCompleted", answer, patience=_PATIENCE.total_seconds())

    # Payloads. The store may take its time, and the other conversations must not wait for it.

    def _opened(self, events: list[Event]) -> Conversation[list[Event]]:
        if not self._sealer.has_store or not sealed_in(events):
            return open_events(self._sealer, events)
        work = partial(open_events, self._sealer, events)
        opened: list[Event] = yield Aside(
            partial(persistently, work, "reading payloads", _PATIENCE)
        )
        return opened

    def _sealed(self, made: "_Made") -> Conversation[dict[str, Any]]:
        published = None if made.kept is None else made.kept.instance.published

        def work() -> dict[str, Any]:
            says: dict[str, Any] = {"decisions": seal_decisions(self._sealer, made.decisions)}
            if published is not None:
                says["executionContext"] = self._sealer.seal(published, "what is published")
            return says

        is_plain = partial(is_plain_decision, self._sealer)
        if not self._sealer.has_store or (published is None and all(map(is_plain, made.decisions))):
            return work()
        sealed: dict[str, Any] = yield Aside(
            partial(persistently, work, "storing payloads", _PATIENCE)
        )
        return sealed


class _Made(NamedTuple):
    """Decisions and what they were made of; kept is None if they set the execution aside."""

    decisions: list[Decision]
    events: list[Event]
    kept: Kept | None
    replay: str

    @property
    def kinds(self) -> list[str]:
        """The types of the decisions."""
        return [each["decisionType"] for each in self.decisions]
