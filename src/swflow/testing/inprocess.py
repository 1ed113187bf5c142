"""The domain of an environment as swflow's client sees it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from swflow.authoring.workflow import WorkflowType
from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.endpoint.connection import Connection
from swflow.errors import WorkflowFailed
from swflow.execution.history import Event
from swflow.testing.domain import NAME, Domain
from swflow.values.payloads import Payloads
from swflow.values.serialize import Codec

R = TypeVar("R")

WaitFor = Callable[[Callable[[], bool], timedelta | None], bool]
"""Lets time pass until something is so, or for this long; whether it came to be so."""


class InProcessConnection(Connection):
    """The way to a service in this process.

    Attributes:
        domain_here: the domain.
        wait_for: lets time pass.
    """

    def __init__(self, domain: Domain, wait_for: WaitFor, payloads: Payloads) -> None:
        super().__init__(NAME, None, None, None, payloads)
        self.domain_here = domain
        self.wait_for = wait_for

    @property
    def swf(self) -> Any:
        """The service."""
        return self.domain_here.swf

    @property
    def transport(self) -> Any:
        """The service, called by the names that its operations have on the wire."""
        return self.domain_here.swf

    def __str__(self) -> str:
        return "a test's environment"


class InProcessClient(Client):
    """The domain of an environment."""

    connection: InProcessConnection

    def __init__(self, connection: InProcessConnection) -> None:
        self.connection = connection

    def start(self, workflow: WorkflowType[..., R], *args: Any, **more: Any) -> Execution[R]:
        """Start an execution of a workflow, whose type is registered with it if need be."""
        self.connection.domain_here.serve(workflow)
        return super().start(workflow, *args, **more)

    def _execution(
        self, workflow_id: str, run_id: str, codec: Codec | None = None
    ) -> Execution[Any]:
        return InProcessExecution(self.connection, workflow_id, run_id, codec)


class InProcessExecution(Execution[R]):
    """An execution whose time passes while somebody waits for it."""

    _connection: InProcessConnection

    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self._connection.domain_here.service.is_open(self.run_id)

    def result(self, timeout: timedelta | None = None) -> R:
        """Let time pass until the end, and give what the workflow returned; see `Execution`.

        Where the workflow's code raised an exception, that is the cause of the WorkflowFailed.
        """
        results: list[R] = []
        result_if_closed = super().result

        def is_closed() -> bool:
            try:
                results.append(result_if_closed(timedelta(0)))
            except TimeoutError:
                return False
            return True

        if not self._connection.wait_for(is_closed, timeout):
            raise TimeoutError(f"execution {self.workflow_id!r} is still open after {timeout}")
        return results[0]

    def _close_event(self) -> Event | None:
        return None if self.is_open() else super()._close_event()

    def _outcome(self, last: Event) -> Any:
        try:
            return super()._outcome(last)
        except WorkflowFailed as failed:
            raise failed from self._connection.domain_here.errors.get(self.run_id)
