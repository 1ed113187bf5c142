"""The operations that begin, disturb and end executions from outside."""

from collections.abc import Callable, Mapping

from localswf import errors, limits
from localswf.clock import Clock
from localswf.core.execution import Execution
from localswf.core.parameters import MissingParameter, check_execution_timeout, start_parameters
from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.registry import WORKFLOW_TYPE, Registry
from localswf.engine.runs import Runs, new_run_id
from localswf.model import Answer
from localswf.operations.lookup import Lookup


class Lifecycle:
    """StartWorkflowExecution and what else may come from outside."""

    def __init__(
        self,
        lookup: Lookup,
        registry: Registry,
        runs: Runs,
        dispatcher: Dispatcher,
        clock: Clock,
    ) -> None:
        self._lookup = lookup
        self._registry = registry
        self._runs = runs
        self._dispatcher = dispatcher
        self._clock = clock

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        return {
            "RequestCancelWorkflowExecution": self._request_cancel,
            "SignalWorkflowExecution": self._signal,
            "StartWorkflowExecution": self._start,
            "TerminateWorkflowExecution": self._terminate,
        }

    def _start(self, call: Call) -> Answer:
        request = call.request
        domain, workflow_id = request["domain"], request["workflowId"]
        name, version = request["workflowType"]["name"], request["workflowType"]["version"]
        defaults = self._registry.usable_type(domain, WORKFLOW_TYPE, name, version).defaults
        check_execution_timeout(request)
        try:
            attributes = start_parameters(request, defaults)
        except MissingParameter as missing:
            raise errors.default_undefined(missing.args[0]) from None
        if self._runs.open_run(domain, workflow_id) is not None:
            raise errors.already_started()
        if self._runs.count_open_in(domain) >= limits.OPEN_EXECUTIONS:
            raise errors.limit_exceeded(
                f"A domain can have at most {limits.OPEN_EXECUTIONS} open workflow executions"
            )
        attributes |= {
            "parentInitiatedEventId": 0,
            "workflowType": {"name": name, "version": version},
        }
        run_id = new_run_id()
        execution, events = Execution.start(
            domain, workflow_id, run_id, attributes, self._clock.now()
        )
        self._dispatcher.record(self._runs.add(execution), events)
        return {"runId": run_id}

    def _signal(self, call: Call) -> Answer:
        request, run = call.request, self._lookup.open_run(call.request)
        now = self._clock.now()
        events = run.execution.signal(request["signalName"], request.get("input"), now)
        self._dispatcher.record(run, events)
        return {}

    def _request_cancel(self, call: Call) -> Answer:
        run = self._lookup.open_run(call.request)
        self._dispatcher.record(run, run.execution.request_cancel(self._clock.now()))
        return {}

    def _terminate(self, call: Call) -> Answer:
        request, run = call.request, self._lookup.open_run(call.request)
        reason, details = request.get("reason"), request.get("details")
        policy, now = request.get("childPolicy"), self._clock.now()
        self._dispatcher.record(run, run.execution.terminate(reason, details, policy, now))
        return {}
