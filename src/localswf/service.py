"""SWF's operations on one machine. Everything runs on one event loop's thread."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from localswf import decisions, errors
from localswf.activity_tasks import ActivityTasks
from localswf.clock import Clock, WallClock
from localswf.datafile import DataFileError
from localswf.deciding import Surroundings
from localswf.dispatch import Call, Dispatcher
from localswf.execution import Decided
from localswf.history import History, Span
from localswf.journal import Journal
from localswf.lambda_tasks import Function, LambdaTasks
from localswf.lifecycle import Lifecycle
from localswf.lookup import Lookup
from localswf.model import Answer, Request, operations
from localswf.pending import PendingTasks
from localswf.records import StoredExecution
from localswf.refusals import check_refusals, refusal
from localswf.registration import RegistrationOperations
from localswf.registry import ACTIVITY_TYPE, WORKFLOW_TYPE, Registry, page_size
from localswf.retention import Retention
from localswf.runs import Run, Runs, new_run_id
from localswf.state import TaskListOverride
from localswf.status import Status
from localswf.task_lists import Task
from localswf.tokens import Tokens
from localswf.visibility import Visibility

log = logging.getLogger(__name__)

_NO_DECISION_TASK: Answer = {"previousStartedEventId": 0, "startedEventId": 0, "taskToken": ""}


class Service:
    """Amazon SWF."""

    def __init__(
        self,
        path: Path | None = None,
        clock: Clock | None = None,
        *,
        lambdas: Mapping[str, Function] | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """Open a data file and go on where it stopped.

        Args:
            path: the data file, made if it is not there; None for one in memory.
            clock: what to take for the time; None for the wall clock.
            lambdas: the Lambda functions by their names; without any, executions that schedule
                one are told that there is no AWS Lambda here.
            refused: what to refuse, for tests of clients: faults by the names of operations, and
                causes by the types of decisions, as {"StartTimer": "TIMER_CREATION_RATE_EXCEEDED",
                "SignalWorkflowExecution": "ThrottlingException"}.

        Raises:
            DataFileError: the file is in use, damaged, or not ours.
            ValueError: SWF does not refuse what is to be refused in that way.
        """
        self._refused = dict(refused or {})
        check_refusals(self._refused)
        self._has_lambda = bool(lambdas)
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
        self._lookup = Lookup(self._registry, self._runs, self._tokens)
        self._dispatcher = Dispatcher(
            self._journal,
            self._runs,
            self.clock,
            give_decision=self._give_decision,
            give_activity=self._give_activity,
        )
        self._visibility = Visibility(self._journal, self._registry, self._dispatcher, self._tokens)
        Retention(self._journal, self._registry, self._dispatcher, self.clock)
        self._lambda_tasks = LambdaTasks(
            lambdas or {}, self._runs, self._dispatcher, self._journal, self.clock
        )
        self._activity_tasks = ActivityTasks(
            self._lookup, self._runs, self._dispatcher, self._tokens, self.clock
        )
        self._lifecycle = Lifecycle(
            self._lookup, self._registry, self._runs, self._dispatcher, self.clock
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

        While the disk refuses what is to be written (see `failure`), nothing is carried out, and
        every call ends in an InternalFailure. One that was at hand when that began may end in it
        too, and its events are written still as soon as there is room: who repeats it is told that
        it is done (WorkflowExecutionAlreadyStarted, UnknownResource) or does it twice (a signal).
        """
        call = Call(request, region, connected, asyncio.get_running_loop().create_future())
        if self._journal.stuck is not None:
            call.future.set_exception(errors.unwritable(self._journal.stuck))
            return call.future
        try:
            answer = self._carry_out(operation, call)
        except errors.SwfError as error:
            self._dispatcher.settle(call, error)
        except DataFileError as error:
            log.error("%s failed: %s", operation, error)  # noqa: TRY400 - the sentence says it all
            self._dispatcher.settle(call, errors.internal_failure(str(error)))
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

    def status(self) -> Status:
        """How the service is doing."""
        dispatcher, journal = self._dispatcher, self._journal
        return Status(
            open_executions=self._runs.count_open(),
            decisions=dispatcher.decisions.load(),
            activities=dispatcher.activities.load(),
            deadline_lag=dispatcher.lag(),
            writing=journal.writing,
            queued=journal.queued,
            file_sizes=journal.file_sizes(),
        )

    @property
    def failure(self) -> str | None:
        """Why the data file cannot be written, if it cannot."""
        return self._journal.writing.failure

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
        await self._lambda_tasks.close()
        await self._journal.close()

    def _carry_out(self, operation: str, call: Call) -> Answer | None:
        """The answer; None if the handler settles the call itself."""
        handle = self._handlers.get(operation)
        if handle is None:
            raise errors.unknown_operation()
        if operation in self._refused:
            raise refusal(operation, self._refused[operation])
        operations()[operation].validate(call.request)
        # What was due before this request happens before it.
        self._dispatcher.wake()
        return handle(call)

    def _operations(self) -> Mapping[str, Callable[[Call], Answer | None]]:
        registration = RegistrationOperations(self._registry, self._tokens)
        pending = PendingTasks(self._registry, self._dispatcher)
        tasks, lifecycle = self._activity_tasks, self._lifecycle
        return {
            **registration.handlers(),
            **self._visibility.handlers(),
            **pending.handlers(),
            "DescribeWorkflowExecution": self._describe_workflow_execution,
            "GetWorkflowExecutionHistory": self._get_workflow_execution_history,
            "PollForActivityTask": tasks.poll,
            "PollForDecisionTask": self._poll_for_decision_task,
            "RecordActivityTaskHeartbeat": tasks.record_heartbeat,
            "RequestCancelWorkflowExecution": lifecycle.request_cancel,
            "RespondActivityTaskCanceled": tasks.respond_canceled,
            "RespondActivityTaskCompleted": tasks.respond_completed,
            "RespondActivityTaskFailed": tasks.respond_failed,
            "RespondDecisionTaskCompleted": self._respond_decision_task_completed,
            "SignalWorkflowExecution": lifecycle.signal,
            "StartWorkflowExecution": lifecycle.start,
            "TerminateWorkflowExecution": lifecycle.terminate,
        }

    # Executions.

    def _describe_workflow_execution(self, call: Call) -> Answer:
        return self._runs.description(self._lookup.any_execution(call.request))

    def _get_workflow_execution_history(self, call: Call) -> Answer:
        request, token = call.request, call.request.get("nextPageToken")
        history = self._runs.history(self._lookup.any_execution(request))
        if token:
            number, *span = self._tokens.read("history", token)
            if number != history.number:
                raise errors.invalid_token()
            rest = Span(*span)
        else:
            rest = Span(1, history.length, bool(request.get("reverseOrder")))
        return self._page(history, rest, page_size(request), "history", history.number)

    # Decision tasks.

    def _poll_for_decision_task(self, call: Call) -> Answer | None:
        if call.request.get("nextPageToken"):
            return self._next_decision_page(call.request)
        lists = self._dispatcher.decisions
        self._dispatcher.poll(call, lists, self._lookup.list_key(call), _NO_DECISION_TASK)
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
        self._dispatcher.hand_over(call, self._decision_page(run, span, page_size(request), fields))

    def _next_decision_page(self, request: Request) -> Answer:
        """More of the history that came with a decision task; no new task."""
        token = self._tokens.read("decision page", request["nextPageToken"])
        *fields, first, last, reverse = token
        found = self._runs.by_number(fields[0])
        if found is None:
            raise errors.invalid_token()
        span = Span(first, last, reverse)
        return self._decision_page(found, span, page_size(request), tuple(fields))

    def _decision_page(
        self, found: Run | StoredExecution, span: Span, size: int, fields: tuple[int, ...]
    ) -> Answer:
        execution = found.execution if isinstance(found, Run) else found
        number, scheduled_id, started_id, previous_id = fields
        return {
            "taskToken": self._tokens.make("decision", number, scheduled_id, started_id),
            "startedEventId": started_id,
            "previousStartedEventId": previous_id,
            "workflowExecution": execution.reference,
            "workflowType": execution.workflow_type,
            **self._page(self._runs.history(found), span, size, "decision page", *fields),
        }

    def _respond_decision_task_completed(self, call: Call) -> Answer:
        request = call.request
        run, scheduled_id, started_id = self._lookup.task("decision", request)
        execution = run.execution
        execution.check_decision(scheduled_id, started_id)
        made = request.get("decisions") or []
        decisions.check(made)
        task_list = request.get("taskList")
        timeout = request.get("taskListScheduleToStartTimeout") or None
        override = TaskListOverride(task_list["name"], timeout) if task_list else None
        decided = Decided(made, request.get("executionContext"), override)
        defaults, domain = self._usable_defaults, execution.domain
        surroundings = Surroundings(
            partial(defaults, ACTIVITY_TYPE, "ACTIVITY_TYPE", domain),
            partial(defaults, WORKFLOW_TYPE, "WORKFLOW_TYPE", domain),
            new_run_id,
            self._runs.count_open_in(domain),
            self._has_lambda,
            self._refused,
        )
        handle = decisions.handler(surroundings)
        self._dispatcher.record(run, execution.complete_decision(decided, handle, self.clock.now()))
        return {}

    def _usable_defaults(
        self, kind: str, cause: str, domain: str, name: str, version: str
    ) -> Mapping[str, Any] | str:
        """What a type of this kind is registered with, or the cause why it may not be used."""
        found = self._registry.find_type(domain, kind, name, version)
        if found is None:
            return f"{cause}_DOES_NOT_EXIST"
        return found.defaults if found.deprecated is None else f"{cause}_DEPRECATED"

    def _give_activity(self, call: Call, task: Task) -> None:
        self._activity_tasks.give(call, task)

    def _page(self, history: History, span: Span, size: int, kind: str, *fields: int) -> Answer:
        events, rest = span.page(history, size)
        answer: Answer = {"events": events}
        if rest is not None:
            answer["nextPageToken"] = self._tokens.make(kind, *fields, *rest)
        return answer
