"""Finds what a request is about: an execution, a task, a task list."""

from localswf import errors
from localswf.engine.dispatch import Call
from localswf.engine.registry import Registry
from localswf.engine.runs import Run, Runs
from localswf.engine.task_lists import ListKey
from localswf.engine.tokens import Tokens
from localswf.model import Request
from localswf.store.records import StoredExecution


class Lookup:
    """Answers "which one?" for the operations, or refuses as SWF does."""

    def __init__(self, registry: Registry, runs: Runs, tokens: Tokens) -> None:
        self._registry = registry
        self._runs = runs
        self._tokens = tokens

    def open_run(self, request: Request) -> Run:
        """The open execution that a request means, by workflowId and perhaps runId.

        Raises:
            SwfError: there is no such domain, or no such execution is open.
        """
        domain, workflow_id, run_id = request["domain"], request["workflowId"], request.get("runId")
        self._registry.check_domain(domain)
        run = self._runs.open_run(domain, workflow_id)
        if run is None or (run_id and run.execution.run_id != run_id):
            raise errors.unknown_execution(workflow_id, run_id)
        return run

    def any_execution(self, request: Request) -> Run | StoredExecution:
        """The execution, open or closed, that a request names in full.

        Raises:
            SwfError: there is no such domain or execution.
        """
        domain, named = request["domain"], request["execution"]
        self._registry.check_domain(domain)
        workflow_id, run_id = named["workflowId"], named["runId"]
        found = self._runs.by_run_id(run_id)
        if found is not None:
            execution = found.execution if isinstance(found, Run) else found
            named_in_full = (execution.domain, execution.workflow_id) == (domain, workflow_id)
            if named_in_full and not self._is_over(domain, execution.closed_at):
                return found
        raise errors.unknown_execution(workflow_id, run_id)

    def task(self, kind: str, request: Request) -> tuple[Run, int, int]:
        """The execution, scheduled id and started id that a task token of this kind stands for.

        Raises:
            SwfError: it is no token of this service, or the execution is closed.
        """
        number, scheduled_id, started_id = self._tokens.read(kind, request["taskToken"])
        found = self._runs.by_number(number)
        if found is None:
            raise errors.invalid_token()
        if not isinstance(found, Run):
            raise errors.unknown_execution(found.workflow_id, found.run_id)
        return found, scheduled_id, started_id

    def _is_over(self, domain: str, closed_at: int | None) -> bool:
        """Whether an execution was closed so long ago that its domain keeps it no longer."""
        return 0 < (closed_at or 0) <= self._registry.kept_since(domain)

    def list_key(self, call: Call) -> ListKey:
        """The task list that a poll waits at.

        Raises:
            SwfError: there is no such domain.
        """
        domain: str = call.request["domain"]
        self._registry.check_domain(domain)
        return domain, call.request["taskList"]["name"]
