"""A domain of Amazon SWF, for programs that start workflows and look after them."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload
from uuid import uuid4

from botocore.exceptions import ClientError

from swflow.activity import ActivityType
from swflow.connection import Connection
from swflow.errors import (
    SwflowError,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
)
from swflow.failure import Report
from swflow.history import Event, attributes
from swflow.payloads import PLAIN, Payloads
from swflow.registering import Registered, register_domain, register_types
from swflow.retrying import code, persistently
from swflow.serialize import Codec
from swflow.signals import Signal
from swflow.tasks import ActivityTask
from swflow.travelling import open_events
from swflow.workflow import WorkflowType

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

R = TypeVar("R")
T = TypeVar("T")

_FIRST_LOOK = 0.05
_LONGEST_LOOK = 2.0
_PATIENCE = timedelta(minutes=1)
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
    ) -> "Execution[R]":
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
        """
        parameters: dict[str, Any] = workflow.start_parameters()
        workflow_id = workflow_id or workflow.workflow_id or f"{workflow.name[:_NAME]}-{uuid4()}"
        if tags:
            parameters["tagList"] = list(tags)
        given = workflow.encode_input(args, kwargs)
        parameters["input"] = self.connection.sealer.seal(given, f"the input of {workflow.name}")
        try:
            started = self._swf.start_workflow_execution(
                domain=self.domain, workflowId=workflow_id, **parameters
            )
        except ClientError as error:
            raise self._explained(error, workflow, workflow_id) from error
        return self._execution(workflow_id, started["runId"], workflow.codec)

    def execution(self, workflow_id: str, run_id: str | None = None) -> "Execution[Any]":
        """An execution that is there already; its result is plain JSON.

        Args:
            workflow_id: whom it is about.
            run_id: which of the executions with this id; the latest one if left out.

        Raises:
            SwflowError: there is none with this workflow id.
        """
        return self._execution(workflow_id, run_id or self._latest_run(workflow_id))

    def _execution(
        self, workflow_id: str, run_id: str, codec: Codec | None = None
    ) -> "Execution[Any]":
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
        raise SwflowError(f"{self.connection} knows no execution with the id {workflow_id!r}")

    def _explained(
        self, error: ClientError, workflow: WorkflowType[..., Any], workflow_id: str
    ) -> Exception:
        match code(error):
            case "WorkflowExecutionAlreadyStartedFault":
                return WorkflowAlreadyRunning(
                    f"an execution with the id {workflow_id!r} is open in {self.connection}"
                )
            case "UnknownResourceFault":
                message = error.response["Error"]["Message"]
                return SwflowError(
                    f"{workflow.name} {workflow.version} cannot be started in {self.connection}: "
                    f"{message}; register the domain and the type"
                )
            case _:
                return error


class Execution(Generic[R]):
    """One execution of a workflow.

    Attributes:
        workflow_id: whom it is about.
        run_id: which of the executions with that id it is.
    """

    def __init__(
        self, connection: Connection, workflow_id: str, run_id: str, codec: Codec | None = None
    ) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self._connection = connection
        self._sealer = connection.sealer
        self._codec = codec

    def describe(self) -> dict[str, Any]:
        """What DescribeWorkflowExecution says."""
        answer = self._connection.swf.describe_workflow_execution(**self._this())
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def status(self) -> str:
        """OPEN, or how it closed: COMPLETED, FAILED, TIMED_OUT, TERMINATED, CANCELED, ..."""
        info = self.describe()["executionInfo"]
        return str(info.get("closeStatus") or info["executionStatus"])

    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self.status() == "OPEN"

    def history(self) -> list[Event]:
        """Every event so far, in order, as Amazon SWF gives them."""
        pages = self._connection.swf.get_paginator("get_workflow_execution_history")
        return [event for page in pages.paginate(**self._this()) for event in page["events"]]

    def result(self, timeout: timedelta | None = None) -> R:
        """Wait for the end, and give what the workflow returned.

        Where it goes on as a new execution, the end is that of the last one.

        Args:
            timeout: how long to wait; for ever if left out.

        Raises:
            TimeoutError: it is still open.
            WorkflowFailed: it raised an exception.
            WorkflowTimedOut: it took longer than its execution timeout.
            WorkflowTerminated: it was terminated.
            WorkflowCancelled: it was cancelled.
            PayloadError: what it gave cannot be fetched or decoded.
        """
        deadline = None if timeout is None else time.monotonic() + timeout.total_seconds()
        wait = _FIRST_LOOK
        run = self
        while True:
            last = run._close_event()
            if last and last["eventType"] == "WorkflowExecutionContinuedAsNew":
                run_id = attributes(last)["newExecutionRunId"]
                run = type(self)(self._connection, self.workflow_id, run_id, self._codec)
            elif last:
                return cast("R", self._outcome(last))
            elif deadline is not None and time.monotonic() + wait > deadline:
                raise TimeoutError(f"execution {self.workflow_id!r} is still open after {timeout}")
            else:
                time.sleep(wait)
                wait = min(wait * 1.5, _LONGEST_LOOK)

    @overload
    def signal(self, signal: Signal[None]) -> None: ...
    @overload
    def signal(self, signal: Signal[T], value: T) -> None: ...
    def signal(self, signal: Signal[Any], value: Any = None) -> None:
        """Tell it something while it runs.

        Args:
            signal: which signal.
            value: of the signal's type; left out where it carries none.

        Raises:
            SerializationError: the value is not of the signal's type, or is too long.
            PayloadError: it could not be stored.
            SwflowError: it is not open.
        """
        text = self._sealer.seal(signal.codec.dump_result(value), f"signal {signal.name!r}")
        said = {"signalName": signal.name, "input": text}
        self._tell("signal_workflow_execution", said)

    def cancel(self) -> None:
        """Ask it to end: its code is cancelled where it waits, and may clean up first.

        Raises:
            SwflowError: it is not open.
        """
        self._tell("request_cancel_workflow_execution", {})

    def published(self) -> Any:
        """What it showed of itself last, by `swflow.publish`, as plain JSON; None if nothing.

        Raises:
            PayloadError: it cannot be fetched or decoded.
        """
        text = self.describe().get("latestExecutionContext")
        return json.loads(self._sealer.open(text)) if text else None

    def terminate(self, reason: str) -> None:
        """End it now, without asking its code.

        Args:
            reason: why, for people; at most 256 characters.

        Raises:
            SwflowError: it is not open.
        """
        self._tell("terminate_workflow_execution", {"reason": reason})

    def _tell(self, operation: str, said: dict[str, Any]) -> None:
        try:
            getattr(self._connection.swf, operation)(
                domain=self._connection.domain,
                workflowId=self.workflow_id,
                runId=self.run_id,
                **said,
            )
        except ClientError as error:
            if code(error) != "UnknownResourceFault":
                raise
            raise SwflowError(f"execution {self.workflow_id!r} is not open") from error

    def _this(self) -> dict[str, Any]:
        execution = {"workflowId": self.workflow_id, "runId": self.run_id}
        return {"domain": self._connection.domain, "execution": execution}

    def _close_event(self) -> Event | None:
        """The event that closed it, as soon as the history shows it."""

        def look() -> Event | None:
            if self.is_open():
                return None
            page = self._connection.swf.get_workflow_execution_history(
                **self._this(), reverseOrder=True, maximumPageSize=1
            )
            last = page["events"][0]
            return last if last["eventType"].startswith("WorkflowExecution") else None

        return persistently(look, "waiting for a result", _PATIENCE)

    def _outcome(self, last: Event) -> Any:
        [opened] = open_events(self._sealer, [last])
        says = attributes(opened)
        who = f"execution {self.workflow_id!r}"
        match last["eventType"]:
            case "WorkflowExecutionCompleted" if self._codec is not None:
                return self._codec.load_result(says.get("result"))
            case "WorkflowExecutionCompleted":
                return json.loads(says.get("result") or "null")
            case "WorkflowExecutionFailed":
                report = Report.read(says.get("reason"), says.get("details"))
                raise WorkflowFailed(report.reason, report.details, retry=report.retry)
            case "WorkflowExecutionTimedOut":
                raise WorkflowTimedOut(f"{who} took longer than its execution timeout")
            case "WorkflowExecutionTerminated":
                raise WorkflowTerminated(f"{who} was terminated: {says.get('reason', 'no reason')}")
            case _:
                raise WorkflowCancelled(f"{who} was cancelled")
