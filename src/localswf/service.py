"""SWF's operations on one machine. Everything runs on one event loop's thread."""

import asyncio
import base64
import logging
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from localswf import decisions, errors
from localswf.clock import Clock, WallClock
from localswf.describe import describe
from localswf.dispatch import Call, Dispatcher
from localswf.execution import Decided, Execution
from localswf.history import Span
from localswf.journal import Heartbeat, Journal
from localswf.model import Answer, Request, operations
from localswf.registration import RegistrationOperations
from localswf.registry import (
    ACTIVITY_TYPE,
    WORKFLOW_TYPE,
    Registry,
    no_unlimited_execution,
    page_size,
)
from localswf.runs import Run, Runs
from localswf.state import Activity, TaskListOverride
from localswf.task_lists import ListKey, Task
from localswf.tokens import Tokens
from localswf.visibility import Visibility

log = logging.getLogger(__name__)

_NO_DECISION_TASK: Answer = {"previousStartedEventId": 0, "startedEventId": 0, "taskToken": ""}
_NO_ACTIVITY_TASK: Answer = {}


class Service:
    """Amazon SWF."""

    def __init__(self, path: Path | None = None, clock: Clock | None = None) -> None:
        """Open a data file and go on where it stopped.

        Args:
            path: the data file, made if it is not there; None for one in memory.
            clock: what to take for the time; None for the wall clock.

        Raises:
            DataFileError: the file is in use, damaged, or not ours.
        """
        self.clock = clock or WallClock()
        grouped = path is not None and not self.clock.virtual
        self._journal = Journal(path, grouped=grouped)
        self._tokens = Tokens(self._journal.secret)
        try:
            self._registry = Registry(self._journal, self.clock)
            self._runs = Runs(self._journal)
        except BaseException:
            self._journal.release()
            raise
        self._visibility = Visibility(self._journal, self._runs, self._registry, self._tokens)
        self._dispatcher = Dispatcher(
            self._journal,
            self._runs,
            self.clock,
            give_decision=self._give_decision,
            give_activity=self._give_activity,
        )
        self._handlers = self._operations()

    def call(
        self,
        operation: str,
        request: Any,
        *,
        region: str = "us-east-1",
        connected: Callable[[], bool] = lambda: True,
    ) -> asyncio.Future[Answer]:
        """Carry out an operation.

        Args:
            operation: its name on the wire.
            request: its input, as on the wire.
            region: where the caller thinks the service is; for ARNs.
            connected: whether the caller is still there to take an answer. A poll that waits is
                given up by cancelling the future.

        Returns:
            The answer, as on the wire except that `events` are JSON texts; there once everything
            it tells of is on disk. Its exception is a SwfError.
        """
        call = Call(request, region, connected, asyncio.get_running_loop().create_future())
        try:
            answer = self._carry_out(operation, call)
        except errors.SwfError as error:
            self._dispatcher.settle(call, error)
        except Exception:
            log.exception("%s failed", operation)
            self._dispatcher.settle(
                call, errors.internal_failure(f"{operation} failed; the log says why.")
            )
        else:
            if answer is not None:
                self._dispatcher.settle(call, answer)
        self._dispatcher.set_alarm()
        return call.future

    def wake(self) -> None:
        """Let everything that is due happen, and see to it that what comes next will."""
        self._dispatcher.wake()
        self._dispatcher.set_alarm()

    def drain(self) -> None:
        """Answer the polls that wait, and every later one that finds no task, with no task."""
        self._dispatcher.drain()

    async def close(self) -> None:
        """Write what is left and close the data file; no calls after this.

        Raises:
            sqlite3.Error: the rest could not be written.
        """
        self._dispatcher.drain()
        self._dispatcher.stop()
        await self._journal.close()

    def _carry_out(self, operation: str, call: Call) -> Answer | None:
        """The answer; None if the handler settles the call itself."""
        handle = self._handlers.get(operation)
        if handle is None:
            raise errors.unknown_operation()
        operations()[operation].validate(call.request)
        # What was due before this request happens before it.
        self._dispatcher.wake()
        return handle(call)

    def _operations(self) -> Mapping[str, Callable[[Call], Answer | None]]:
        registration = RegistrationOperations(self._registry, self._tokens)
        visibility = self._visibility
        return {
            **registration.handlers(),
            "DescribeWorkflowExecution": self._describe_workflow_execution,
            "GetWorkflowExecutionHistory": self._get_workflow_execution_history,
            "ListClosedWorkflowExecutions": lambda call: visibility.list_closed(call.request),
            "ListOpenWorkflowExecutions": lambda call: visibility.list_open(call.request),
            "PollForActivityTask": self._poll_for_activity_task,
            "PollForDecisionTask": self._poll_for_decision_task,
            "RecordActivityTaskHeartbeat": self._record_activity_task_heartbeat,
            "RespondActivityTaskCompleted": self._respond_activity_task_completed,
            "RespondActivityTaskFailed": self._respond_activity_task_failed,
            "RespondDecisionTaskCompleted": self._respond_decision_task_completed,
            "SignalWorkflowExecution": self._signal_workflow_execution,
            "StartWorkflowExecution": self._start_workflow_execution,
            "TerminateWorkflowExecution": self._terminate_workflow_execution,
        }

    # Executions.

    def _start_workflow_execution(self, call: Call) -> Answer:
        request = call.request
        domain, workflow_id = request["domain"], request["workflowId"]
        attributes = self._started_attributes(domain, request)
        if self._runs.open_run(domain, workflow_id) is not None:
            raise errors.already_started()
        run_id = f"22{base64.b64encode(secrets.token_bytes(32)).decode()}"
        execution, events = Execution.start(
            domain, workflow_id, run_id, attributes, self.clock.now()
        )
        run = self._runs.add(execution)
        self._dispatcher.record(run, events)
        return {"runId": run_id}

    def _started_attributes(self, domain: str, request: Request) -> dict[str, Any]:
        """The attributes of WorkflowExecutionStarted, from the request and the type's defaults."""
        reference = request["workflowType"]
        name, version = reference["name"], reference["version"]
        defaults = self._registry.usable_type(domain, WORKFLOW_TYPE, name, version).defaults

        def chosen(parameter: str, default: str) -> Any:
            value = request.get(parameter) or defaults.get(default)
            if not value:
                raise errors.default_undefined(parameter)
            return value

        if request.get("executionStartToCloseTimeout") == "NONE":
            raise no_unlimited_execution("executionStartToCloseTimeout")
        # In the order in which SWF misses them.
        execution_timeout = chosen(
            "executionStartToCloseTimeout", "defaultExecutionStartToCloseTimeout"
        )
        task_list = chosen("taskList", "defaultTaskList")
        task_timeout = chosen("taskStartToCloseTimeout", "defaultTaskStartToCloseTimeout")
        child_policy = chosen("childPolicy", "defaultChildPolicy")
        return {
            "childPolicy": child_policy,
            "executionStartToCloseTimeout": execution_timeout,
            "input": request.get("input"),
            "lambdaRole": request.get("lambdaRole") or defaults.get("defaultLambdaRole"),
            "parentInitiatedEventId": 0,
            "tagList": request.get("tagList"),
            "taskList": {"name": task_list["name"]},
            "taskPriority": request.get("taskPriority") or defaults.get("defaultTaskPriority"),
            "taskStartToCloseTimeout": task_timeout,
            "workflowType": {"name": name, "version": version},
        }

    def _signal_workflow_execution(self, call: Call) -> Answer:
        request, run = call.request, self._open_run(call.request)
        now = self.clock.now()
        events = run.execution.signal(request["signalName"], request.get("input"), now)
        self._dispatcher.record(run, events)
        return {}

    def _terminate_workflow_execution(self, call: Call) -> Answer:
        request, run = call.request, self._open_run(call.request)
        reason, details = request.get("reason"), request.get("details")
        policy, now = request.get("childPolicy"), self.clock.now()
        self._dispatcher.record(run, run.execution.terminate(reason, details, policy, now))
        return {}

    def _describe_workflow_execution(self, call: Call) -> Answer:
        return describe(self._any_run(call.request).execution)

    def _get_workflow_execution_history(self, call: Call) -> Answer:
        request, token = call.request, call.request.get("nextPageToken")
        run = self._any_run(request)
        if token:
            number, *span = self._tokens.read("history", token)
            if number != run.number:
                raise errors.invalid_token()
            rest = Span(*span)
        else:
            rest = Span(1, len(run.history), bool(request.get("reverseOrder")))
        return self._page(run, rest, page_size(request), "history", run.number)

    # Decision tasks.

    def _poll_for_decision_task(self, call: Call) -> Answer | None:
        if call.request.get("nextPageToken"):
            return self._next_decision_page(call.request)
        lists = self._dispatcher.decisions
        self._dispatcher.poll(call, lists, self._list_key(call), _NO_DECISION_TASK)
        return None

    def _give_decision(self, call: Call, task: Task) -> None:
        run, request = task.run, call.request
        execution = run.execution
        events = execution.start_decision(self.clock.now(), request.get("identity"))
        self._dispatcher.record(run, events)
        started_id, previous_id = events[0].id, execution.previous_started_id
        wants_delta = request.get("startAtPreviousStartedEvent")
        first = previous_id if wants_delta and previous_id else 1
        span = Span(first, started_id, bool(request.get("reverseOrder")))
        fields = (run.number, task.scheduled_id, started_id, previous_id)
        self._dispatcher.settle(call, self._decision_page(run, span, page_size(request), fields))

    def _next_decision_page(self, request: Request) -> Answer:
        """More of the history that came with a decision task; no new task."""
        token = self._tokens.read("decision page", request["nextPageToken"])
        *fields, first, last, reverse = token
        run = self._runs.by_number(fields[0])
        if run is None:
            raise errors.invalid_token()
        span = Span(first, last, reverse)
        return self._decision_page(run, span, page_size(request), tuple(fields))

    def _decision_page(self, run: Run, span: Span, size: int, fields: tuple[int, ...]) -> Answer:
        number, scheduled_id, started_id, previous_id = fields
        return {
            "taskToken": self._tokens.make("decision", number, scheduled_id, started_id),
            "startedEventId": started_id,
            "previousStartedEventId": previous_id,
            "workflowExecution": run.execution.reference,
            "workflowType": run.execution.started["workflowType"],
            **self._page(run, span, size, "decision page", *fields),
        }

    def _respond_decision_task_completed(self, call: Call) -> Answer:
        request = call.request
        run, scheduled_id, started_id = self._read_task_token("decision", request)
        execution = run.execution
        execution.check_decision(scheduled_id, started_id)
        made = request.get("decisions") or []
        decisions.check(made)
        task_list = request.get("taskList")
        timeout = request.get("taskListScheduleToStartTimeout") or None
        override = TaskListOverride(task_list["name"], timeout) if task_list else None
        decided = Decided(made, request.get("executionContext"), override)
        handle = decisions.handler(partial(self._activity_defaults, execution.domain))
        self._dispatcher.record(run, execution.complete_decision(decided, handle, self.clock.now()))
        return {}

    def _activity_defaults(self, domain: str, name: str, version: str) -> Mapping[str, Any] | str:
        found = self._registry.find_type(domain, ACTIVITY_TYPE, name, version)
        if found is None:
            return "ACTIVITY_TYPE_DOES_NOT_EXIST"
        return found.defaults if found.deprecated is None else "ACTIVITY_TYPE_DEPRECATED"

    # Activity tasks.

    def _poll_for_activity_task(self, call: Call) -> None:
        lists = self._dispatcher.activities
        self._dispatcher.poll(call, lists, self._list_key(call), _NO_ACTIVITY_TASK)

    def _give_activity(self, call: Call, task: Task) -> None:
        run, execution = task.run, task.run.execution
        activity = execution.activities[task.scheduled_id]
        identity = call.request.get("identity")
        self._dispatcher.record(
            run, execution.start_activity(task.scheduled_id, self.clock.now(), identity)
        )
        fields = (run.number, activity.scheduled_id, activity.started_id)
        answer = {
            "taskToken": self._tokens.make("activity", *fields),
            "activityId": activity.activity_id,
            "startedEventId": activity.started_id,
            "workflowExecution": execution.reference,
            "activityType": activity.activity_type,
        }
        if activity.input is not None:
            answer["input"] = activity.input
        self._dispatcher.settle(call, answer)

    def _respond_activity_task_completed(self, call: Call) -> Answer:
        outcome = {"result": call.request.get("result")}
        return self._end_activity(call, "ActivityTaskCompleted", outcome)

    def _respond_activity_task_failed(self, call: Call) -> Answer:
        outcome = {name: call.request.get(name) for name in ("reason", "details")}
        return self._end_activity(call, "ActivityTaskFailed", outcome)

    def _end_activity(
        self, call: Call, event_type: str, outcome: Mapping[str, str | None]
    ) -> Answer:
        run, activity = self._started_activity(call.request)
        now = self.clock.now()
        self._dispatcher.record(run, run.execution.end_activity(activity, event_type, outcome, now))
        return {}

    def _record_activity_task_heartbeat(self, call: Call) -> Answer:
        run, activity = self._started_activity(call.request)
        details, now = call.request.get("details"), self.clock.now()
        run.execution.heartbeat(activity, details, now)
        self._runs.record_heartbeat(run, Heartbeat(activity.scheduled_id, now, details))
        self._dispatcher.follow(run)
        return {"cancelRequested": False}

    # What they share.

    def _open_run(self, request: Request) -> Run:
        """The open execution that a request means, by workflowId and perhaps runId."""
        domain, workflow_id, run_id = request["domain"], request["workflowId"], request.get("runId")
        self._registry.check_domain(domain)
        run = self._runs.open_run(domain, workflow_id)
        if run is None or (run_id and run.execution.run_id != run_id):
            raise errors.unknown_execution(workflow_id, run_id)
        return run

    def _any_run(self, request: Request) -> Run:
        """The execution, open or closed, that a request names in full."""
        domain, named = request["domain"], request["execution"]
        self._registry.check_domain(domain)
        workflow_id, run_id = named["workflowId"], named["runId"]
        run = self._runs.by_run_id(run_id)
        if run is not None:
            execution = run.execution
            if (execution.domain, execution.workflow_id) == (domain, workflow_id):
                return run
        raise errors.unknown_execution(workflow_id, run_id)

    def _read_task_token(self, kind: str, request: Request) -> tuple[Run, int, int]:
        number, scheduled_id, started_id = self._tokens.read(kind, request["taskToken"])
        run = self._runs.by_number(number)
        if run is None:
            raise errors.invalid_token()
        return run, scheduled_id, started_id

    def _started_activity(self, request: Request) -> tuple[Run, Activity]:
        run, scheduled_id, started_id = self._read_task_token("activity", request)
        return run, run.execution.check_activity(scheduled_id, started_id)

    def _list_key(self, call: Call) -> ListKey:
        domain: str = call.request["domain"]
        self._registry.check_domain(domain)
        return domain, call.request["taskList"]["name"]

    def _page(self, run: Run, span: Span, size: int, kind: str, *fields: int) -> Answer:
        events, rest = span.page(run.history, size)
        answer: Answer = {"events": events}
        if rest is not None:
            answer["nextPageToken"] = self._tokens.make(kind, *fields, *rest)
        return answer
