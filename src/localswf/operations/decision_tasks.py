"""The operations of deciders: polls for decision tasks and their answers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from localswf import errors
from localswf.clock import Clock
from localswf.core import decisions
from localswf.core.deciding import Surroundings
from localswf.core.execution import Decided, Handle
from localswf.core.state import TaskListOverride
from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.registry import ACTIVITY_TYPE, WORKFLOW_TYPE, Registry, page_size
from localswf.engine.runs import Run, Runs, new_run_id
from localswf.engine.task_lists import Task
from localswf.engine.tokens import Tokens
from localswf.model import Answer, Request
from localswf.operations.histories import Histories
from localswf.operations.lookup import Lookup
from localswf.store.history import Span
from localswf.store.records import StoredExecution

_NO_TASK: Answer = {"previousStartedEventId": 0, "startedEventId": 0, "taskToken": ""}


class DecisionTasks:
    """What deciders ask and tell."""

    def __init__(
        self,
        lookup: Lookup,
        histories: Histories,
        registry: Registry,
        runs: Runs,
        dispatcher: Dispatcher,
        *,
        tokens: Tokens,
        clock: Clock,
        has_lambda: bool,
        refused: Mapping[str, str],
    ) -> None:
        """`refused` are the causes by which types of decisions are refused, whatever they say."""
        self._lookup = lookup
        self._histories = histories
        self._registry = registry
        self._runs = runs
        self._dispatcher = dispatcher
        self._tokens = tokens
        self._clock = clock
        self._has_lambda = has_lambda
        self._refused = refused
        self._handle_in: dict[str, Handle] = {}

    def handlers(self) -> Mapping[str, Callable[[Call], Answer | None]]:
        """What carries out each operation, by its name."""
        return {
            "PollForDecisionTask": self._poll,
            "RespondDecisionTaskCompleted": self._respond_completed,
        }

    def give(self, call: Call, task: Task) -> None:
        """Start a task and settle the poll that gets it."""
        run, request = task.run, call.request
        execution = run.execution
        events = execution.start_decision(self._clock.now(), request.get("identity"))
        self._dispatcher.record(run, events)
        started_id, previous_id = events[0].id, execution.previous_started_id
        wants_delta = request.get("startAtPreviousStartedEvent")
        first = previous_id if wants_delta and previous_id else 1
        span = Span(first, started_id, bool(request.get("reverseOrder")))
        fields = (run.number, task.scheduled_id, started_id, previous_id)
        self._dispatcher.hand_over(call, self._page(run, span, page_size(request), fields))

    def _poll(self, call: Call) -> Answer | None:
        if call.request.get("nextPageToken"):
            return self._next_page(call.request)
        lists = self._dispatcher.decisions
        self._dispatcher.poll(call, lists, self._lookup.list_key(call), _NO_TASK)
        return None

    def _next_page(self, request: Request) -> Answer:
        """More of the history that came with a decision task; no new task."""
        token = self._tokens.read("decision page", request["nextPageToken"])
        *fields, first, last, reverse = token
        found = self._runs.by_number(fields[0])
        if found is None:
            raise errors.invalid_token()
        span = Span(first, last, reverse)
        return self._page(found, span, page_size(request), tuple(fields))

    def _page(
        self, found: Run | StoredExecution, span: Span, size: int, fields: tuple[int, ...]
    ) -> Answer:
        execution = found.execution if isinstance(found, Run) else found
        number, scheduled_id, started_id, previous_id = fields
        history = self._runs.history(found)
        return {
            "taskToken": self._tokens.make("decision", number, scheduled_id, started_id),
            "startedEventId": started_id,
            "previousStartedEventId": previous_id,
            "workflowExecution": execution.reference,
            "workflowType": execution.workflow_type,
            **self._histories.page(history, span, size, "decision page", *fields),
        }

    def _respond_completed(self, call: Call) -> Answer:
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
        handle, now = self._handle(execution.domain), self._clock.now()
        self._dispatcher.record(run, execution.complete_decision(decided, handle, now))
        return {}

    def _handle(self, domain: str) -> Handle:
        """What carries out the decisions of a domain's executions."""
        handle = self._handle_in.get(domain)
        if handle is None:
            surroundings = Surroundings(
                partial(self._usable_defaults, ACTIVITY_TYPE, "ACTIVITY_TYPE", domain),
                partial(self._usable_defaults, WORKFLOW_TYPE, "WORKFLOW_TYPE", domain),
                new_run_id,
                partial(self._runs.count_open_in, domain),
                self._has_lambda,
                self._refused,
            )
            handle = self._handle_in[domain] = decisions.handler(surroundings)
        return handle

    def _usable_defaults(
        self, kind: str, cause: str, domain: str, name: str, version: str
    ) -> Mapping[str, Any] | str:
        """What a type of this kind is registered with, or the cause why it may not be used."""
        found = self._registry.find_type(domain, kind, name, version)
        if found is None:
            return f"{cause}_DOES_NOT_EXIST"
        return found.defaults if found.deprecated is None else f"{cause}_DEPRECATED"
