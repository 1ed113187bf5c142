"""A domain of Amazon SWF, for programs that start workflows and look after them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, overload
from uuid import uuid4

from botocore.exceptions import ClientError

from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.client.execution import Execution
from swflow.client.registering import Registered, register_domain, register_types
from swflow.client.starting import start_execution
from swflow.client.tasks import ActivityTask
from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code, persistently
from swflow.errors import SwflowError, UnknownExecution
from swflow.values.payloads import PLAIN, Payloads
from swflow.values.serialize import Codec

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

R = TypeVar("R")
T = TypeVar("T")

_EVER = timedelta.max
_NAME = 200
"""Characters of a type's name in a workflow id that is made up, which can have 256."""


class Client:
    """A domain.

    Args:
        domain: its name.
        endpoint_url: where the service is, if it is not Amazon's.
        region: the region, if it is not the one that boto3 is configured for.
        profile: the profile of boto3's configuration, if it is not the default one.
        payloads: how payloads travel; the same for every process of a program.
    """

    def __init__(
        self,
        domain: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        payloads: Payloads = PLAIN,
    ) -> None:
        self.connection = Connection(domain, endpoint_url, region, profile, payloads)

    @property
    def domain(self) -> str:
        """The domain's name."""
        return self.connection.domain

    def register(
        self,
        *types: WorkflowType[..., Any] | ActivityType[..., Any],
        retention: timedelta | None = None,
        dry_run: bool = False,
    ) -> list[Registered]:
        """Register types, and the domain if need be; what is registered already stays as it is.

        Args:
            types: workflows and activities.
            retention: how long closed executions are kept in a domain that has to be created, in
                whole days; without it the domain has to exist.
            dry_run: register nothing, and tell what would be.

        Returns:
            What became of each: of the domain if a retention is given, and of the types.

        Raises:
            SwflowError: the domain does not exist and no retention is given.
        """
        for each in types:
            each.codec.prepare()
        if retention is None:
            self.require_domain()
            domain = []
        else:
            domain = [register_domain(self.connection, retention, dry_run=dry_run)]
        return [*domain, *register_types(self.connection, types, dry_run=dry_run)]

    def require_domain(self) -> None:
        """Find out whether the domain is there, however long the service takes to come up.

        Raises:
            SwflowError: it is not.
        """
        try:
            persistently(
                lambda: self._swf.describe_domain(name=self.domain), "looking at the domain", _EVER
            )
        except ClientError as error:
            if code(error) != "UnknownResourceFault":
                raise
            raise SwflowError(
                f"{self.connection} does not exist; register it, with a retention for its history"
            ) from error

    def start(
        self,
        workflow: WorkflowType[..., R],
        *args: Any,
        workflow_id: str | None = None,
        tags: Sequence[str] = (),
        **kwargs: Any,
    ) -> Execution[R]:
        """Start an execution of a workflow.

        Args:
            workflow: what to start.
            args: the workflow's arguments.
            workflow_id: whom it is about; one execution of that id can be open at a time. Left out,
                it is one that nobody else has.
            tags: up to five, to find it by.
            kwargs: the workflow's named arguments.

        Raises:
            SerializationError: the arguments do not fit the workflow, or are too long.
            PayloadError: they could not be stored.
            WorkflowAlreadyRunning: an execution of that id is open.
            SwflowError: the domain or the type does not exist.
        """
        parameters: dict[str, Any] = workflow.start_parameters()
        workflow_id = workflow_id or workflow.workflow_id or f"{workflow.name[:_NAME]}-{uuid4()}"
        if tags:
            parameters["tagList"] = list(tags)
        given = workflow.encode_input(args, kwargs)
        run_id = start_execution(self.connection, workflow_id, given, parameters)
        return self._execution(workflow_id, run_id, workflow.codec)

    @overload
    def execution(self, workflow_id: str, run_id: str | None = None) -> Execution[Any]: ...
    @overload
    def execution(
        self, workflow_id: str, run_id: str | None = None, *, workflow: WorkflowType[..., R]
    ) -> Execution[R]: ...
    def execution(
        self,
        workflow_id: str,
        run_id: str | None = None,
        *,
        workflow: WorkflowType[..., Any] | None = None,
    ) -> Execution[Any]:
        """An execution that is there already.

        Args:
            workflow_id: whom it is about.
            run_id: which of the executions with this id; the latest one if left out.
            workflow: its type, which its result is then read by; left out, that is plain JSON.

        Raises:
            UnknownExecution: there is none with this workflow id.
        """
        codec = None if workflow is None else workflow.codec
        return self._execution(workflow_id, run_id or self._latest_run(workflow_id), codec)

    def _execution(
        self, workflow_id: str, run_id: str, codec: Codec | None = None
    ) -> Execution[Any]:
        return Execution(self.connection, workflow_id, run_id, codec)

    @overload
    def task(self, token: str) -> ActivityTask[Any]: ...
    @overload
    def task(self, token: str, activity: ActivityType[..., T]) -> ActivityTask[T]: ...
    def task(self, token: str, activity: ActivityType[..., Any] | None = None) -> ActivityTask[Any]:
        """An activity task that no worker completes, because its activity raised `CompleteLater`.

        Args:
            token: the task's token, as `activity_info().task_token` gave it in the activity.
            activity: its type, if it is known here: the result is then checked against it.
        """
        return ActivityTask(self.connection, token, None if activity is None else activity.codec)

    @property
    def _swf(self) -> "SWFClient":
        return self.connection.swf

    def _latest_run(self, workflow_id: str) -> str:
        asked = {
            "domain": self.domain,
            "startTimeFilter": {"oldestDate": datetime.fromtimestamp(0, UTC)},
            "executionFilter": {"workflowId": workflow_id},
            "maximumPageSize": 1,
        }
        for operation in ("list_open_workflow_executions", "list_closed_workflow_executions"):
            found = getattr(self._swf, operation)(**asked)["executionInfos"]
            if found:
                return str(found[0]["execution"]["runId"])
        raise UnknownExecution(f"{self.connection} knows no execution with the id {workflow_id!r}")
