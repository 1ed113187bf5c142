"""What executions do to each other: signals, cancel requests, children, continued runs.

Each step is written down by both sides within the call that caused it, so that one commit has all
of it: a crash leaves both sides with it or neither.
"""

from collections.abc import Callable, Mapping

from localswf.clock import Clock
from localswf.core.events import Attributes, Event
from localswf.core.execution import Execution
from localswf.engine.runs import Run, Runs, new_run_id

Record = Callable[[Run, list[Event]], None]
"""Writes down what happened to an execution."""

_TOLD = {
    "WorkflowExecutionCanceled": ("ChildWorkflowExecutionCanceled", ("details",)),
    "WorkflowExecutionCompleted": ("ChildWorkflowExecutionCompleted", ("result",)),
    "WorkflowExecutionFailed": ("ChildWorkflowExecutionFailed", ("reason", "details")),
    "WorkflowExecutionTerminated": ("ChildWorkflowExecutionTerminated", ()),
    "WorkflowExecutionTimedOut": ("ChildWorkflowExecutionTimedOut", ("timeoutType",)),
}
_START = (
    "childPolicy",
    "executionStartToCloseTimeout",
    "input",
    "lambdaRole",
    "tagList",
    "taskList",
    "taskPriority",
    "taskStartToCloseTimeout",
    "workflowType",
)


class Exchange:
    """Carries out what an event of one execution means for others.

    Attributes:
        steps: what is done about an event that concerns others, by its type.
    """

    def __init__(self, runs: Runs, clock: Clock, record: Record) -> None:
        self._runs = runs
        self._clock = clock
        self._record = record
        self.steps: Mapping[str, Callable[[Run, Event], None]] = {
            "SignalExternalWorkflowExecutionInitiated": self._signal,
            "RequestCancelExternalWorkflowExecutionInitiated": self._request_cancel,
            "StartChildWorkflowExecutionInitiated": self._start_child,
            "WorkflowExecutionContinuedAsNew": self._continue,
            **dict.fromkeys(_TOLD, self._close),
        }

    def _signal(self, run: Run, event: Event) -> None:
        asked = event.attributes
        reached = self._reach(
            run,
            event,
            "WorkflowExecutionSignaled",
            signalName=asked["signalName"],
            input=asked.get("input"),
        )
        done, failed = "ExternalWorkflowExecutionSignaled", "SignalExternalWorkflowExecutionFailed"
        self._report(run, event, reached, done, failed)

    def _request_cancel(self, run: Run, event: Event) -> None:
        reached = self._reach(run, event, "WorkflowExecutionCancelRequested")
        done = "ExternalWorkflowExecutionCancelRequested"
        failed = "RequestCancelExternalWorkflowExecutionFailed"
        self._report(run, event, reached, done, failed)

    def _reach(self, run: Run, event: Event, told: str, **attributes: str | None) -> Run | None:
        """Tell the open execution that an event means; None if there is none."""
        asked, source = event.attributes, run.execution
        target = self._runs.open_run(source.domain, asked["workflowId"])
        if target is None or asked.get("runId") not in {None, "", target.execution.run_id}:
            return None
        self._tell(
            target,
            told,
            **attributes,
            externalInitiatedEventId=event.id,
            externalWorkflowExecution=source.reference,
        )
        return target

    def _report(self, run: Run, event: Event, reached: Run | None, done: str, failed: str) -> None:
        if reached is not None:
            reference = reached.execution.reference
            self._tell(run, done, initiatedEventId=event.id, workflowExecution=reference)
            return
        asked = event.attributes
        self._tell(
            run,
            failed,
            cause="UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
            initiatedEventId=event.id,
            **_named(asked, ("control", "decisionTaskCompletedEventId", "runId", "workflowId")),
        )

    def _start_child(self, run: Run, event: Event) -> None:
        asked, parent = event.attributes, run.execution
        workflow_id = asked["workflowId"]
        if self._runs.open_run(parent.domain, workflow_id) is not None:
            names = ("control", "decisionTaskCompletedEventId", "workflowId", "workflowType")
            self._tell(
                run,
                "StartChildWorkflowExecutionFailed",
                cause="WORKFLOW_ALREADY_RUNNING",
                initiatedEventId=event.id,
                **_named(asked, names),
            )
            return
        links = {"parentInitiatedEventId": event.id, "parentWorkflowExecution": parent.reference}
        run_id = new_run_id()
        attributes = {**_named(asked, _START), **links}
        self._start(parent.domain, workflow_id, run_id, attributes, event.timestamp)
        self._tell(
            run,
            "ChildWorkflowExecutionStarted",
            initiatedEventId=event.id,
            workflowExecution={"workflowId": workflow_id, "runId": run_id},
            workflowType=asked["workflowType"],
        )

    def _continue(self, run: Run, event: Event) -> None:
        old = run.execution
        links = {
            "continuedExecutionRunId": old.run_id,
            **_named(old.started, ("parentInitiatedEventId", "parentWorkflowExecution")),
        }
        attributes = {**_named(event.attributes, _START), **links}
        run_id = event.attributes["newExecutionRunId"]
        self._start(old.domain, old.workflow_id, run_id, attributes, event.timestamp)

    def _start(
        self, domain: str, workflow_id: str, run_id: str, attributes: Attributes, earliest: int
    ) -> None:
        now = max(self._clock.now(), earliest)
        execution, events = Execution.start(domain, workflow_id, run_id, attributes, now)
        self._record(self._runs.add(execution), events)

    def _close(self, run: Run, event: Event) -> None:
        self._tell_parent(run.execution, event)
        policy = event.attributes.get("childPolicy")
        if policy in {"TERMINATE", "REQUEST_CANCEL"}:
            self._apply(policy, run.execution)

    def _tell_parent(self, child: Execution, event: Event) -> None:
        reference = child.started.get("parentWorkflowExecution")
        if reference is None:
            return
        parent = self._runs.open_run(child.domain, reference["workflowId"])
        initiated_id = child.started["parentInitiatedEventId"]
        if parent is None or parent.execution.reference != reference:
            return
        told, names = _TOLD[event.type]
        self._tell(
            parent,
            told,
            initiatedEventId=initiated_id,
            startedEventId=parent.execution.children[initiated_id].started_id,
            workflowExecution=child.reference,
            workflowType=child.started["workflowType"],
            **_named(event.attributes, names),
        )

    def _apply(self, policy: str, parent: Execution) -> None:
        """Apply a child policy to the children that are open still."""
        for initiated_id, child in parent.children.items():
            run = self._runs.open_run(parent.domain, child.workflow_id)
            if run is None:
                continue
            started = run.execution.started
            link = (started.get("parentWorkflowExecution"), started["parentInitiatedEventId"])
            if link != (parent.reference, initiated_id):
                continue
            cause = "CHILD_POLICY_APPLIED"
            if policy == "TERMINATE":
                now = self._clock.now()
                self._record(run, run.execution.terminate(None, None, None, now, cause))
            else:
                requested = "WorkflowExecutionCancelRequested"
                self._tell(run, requested, cause=cause, externalInitiatedEventId=0)

    def _tell(self, run: Run, event_type: str, **attributes: object) -> None:
        """Let something happen to an execution, if it is open to hear of it."""
        if not run.execution.closed:
            self._record(run, run.execution.hear(event_type, attributes, self._clock.now()))


def _named(attributes: Mapping[str, object], names: tuple[str, ...]) -> Attributes:
    return {name: attributes[name] for name in names if name in attributes}
