"""Workflows: what the deciders run."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import (
    Any,
    Generic,
    Literal,
    NoReturn,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from swflow.authoring.children import Child, ChildCall
from swflow.authoring.continuing import go_on
from swflow.execution.context import Context
from swflow.execution.history import duration
from swflow.values.serialize import Codec
from swflow.values.serializer import Serializer

P = ParamSpec("P")
R = TypeVar("R")
Result = TypeVar("Result")

ChildPolicy: TypeAlias = Literal["TERMINATE", "REQUEST_CANCEL", "ABANDON"]


class ExecutionOptions(TypedDict, total=False):
    """What `WorkflowType.options` can change."""

    version: str
    workflow_id: str
    task_list: str
    priority: int | None
    tags: Sequence[str]
    execution_timeout: timedelta
    decision_timeout: timedelta
    child_policy: ChildPolicy


@dataclass(frozen=True, eq=False, kw_only=True)
class WorkflowType(Generic[P, R]):
    """A workflow: a function, and how its executions are run. Made by `@workflow`.

    Called inside a workflow it starts a child, and returns a promise of its result at once. Called
    anywhere else it runs there and then, without a service, and its result is returned: activities
    and children run in the caller's process, one after the other, and waits take no time, as in
    `swflow.testing.Environment`. What its code raises is raised. (Types know only the first.)

    Attributes:
        function: the function itself.
        codec: writes and reads the function's arguments and results.
        name: the name of the type.
        version: the version of the type.
        task_list: where its decision tasks go.
        execution_timeout: how long an execution may take.
        decision_timeout: how long a decider may take for one decision; one that died costs as much.
        child_policy: what becomes of child executions when it is terminated or times out.
        priority: the higher, the sooner its decision tasks are handed out; None is 0.
        tags: up to five, to find its executions by.
        workflow_id: of the child that a call starts; made from the parent's if left out.
    """

    function: Callable[P, R] | Callable[P, Coroutine[Any, Any, R]]
    codec: Codec
    name: str
    version: str
    task_list: str
    execution_timeout: timedelta
    decision_timeout: timedelta
    child_policy: ChildPolicy
    priority: int | None = None
    tags: Sequence[str] = ()
    workflow_id: str | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Child[R]:
        """Start a child in a workflow; elsewhere, run it."""
        context = Context.current()
        if context is None:
            # Only whoever needs it loads the service.
            from swflow.testing.local import run_here  # noqa: PLC0415

            return cast("Child[R]", run_here(self, args, kwargs))
        call = ChildCall(context, self)
        call.start(args, kwargs)
        return cast("Child[R]", call.promise)

    def options(self, **changes: Unpack[ExecutionOptions]) -> "WorkflowType[P, R]":
        """A copy to be run otherwise, as in `ship.options(workflow_id=order.number)(order)`."""
        return replace(self, **changes)

    def continue_as_new(self, *args: P.args, **kwargs: P.kwargs) -> NoReturn:
        """Close the running execution and go on as a new one of this type.

        Of the running type, that is, in this version and with these options:
        `order.options(execution_timeout=...).continue_as_new(...)`.

        Raises:
            SerializationError: the arguments do not fit the workflow.
            SwflowError: this is not the workflow's own function, or that is of another type.
        """
        context = Context.required("continue_as_new()")
        parameters = self.start_parameters()
        del parameters["workflowType"]
        go_on(context, self, args, kwargs, parameters)

    def encode_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """An execution's arguments as they travel.

        Raises:
            SerializationError: they do not fit the function.
        """
        return self.codec.dump_call(args, kwargs)

    def start_parameters(self) -> dict[str, Any]:
        """The parameters of StartWorkflowExecution that the type decides on."""
        chosen: dict[str, Any] = {}
        if self.priority is not None:
            chosen["taskPriority"] = str(self.priority)
        if self.tags:
            chosen["tagList"] = list(self.tags)
        return {
            **chosen,
            "workflowType": {"name": self.name, "version": self.version},
            "taskList": {"name": self.task_list},
            "executionStartToCloseTimeout": duration(self.execution_timeout),
            "taskStartToCloseTimeout": duration(self.decision_timeout),
            "childPolicy": self.child_policy,
        }

    def registration(self) -> dict[str, Any]:
        """The parameters of RegisterWorkflowType."""
        priority = {} if self.priority is None else {"defaultTaskPriority": str(self.priority)}
        return {
            **priority,
            "name": self.name,
            "version": self.version,
            "defaultTaskList": {"name": self.task_list},
            "defaultExecutionStartToCloseTimeout": duration(self.execution_timeout),
            "defaultTaskStartToCloseTimeout": duration(self.decision_timeout),
            "defaultChildPolicy": self.child_policy,
        }


class WorkflowDecorator(Protocol):
    """What `@workflow(...)` gives: it turns a function, async or not, into a workflow."""

    @overload
    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, Result]], /
    ) -> WorkflowType[P, Result]: ...

    @overload
    def __call__(self, function: Callable[P, Result], /) -> WorkflowType[P, Result]: ...


def workflow(
    name: str | None = None,
    *,
    version: str,
    task_list: str,
    execution_timeout: timedelta,
    decision_timeout: timedelta = timedelta(minutes=1),
    child_policy: ChildPolicy = "TERMINATE",
    priority: int | None = None,
    serializer: Serializer | None = None,
) -> WorkflowDecorator:
    """Make a function a workflow.

    Its code is run again from the start after every crash, and has to do the same every time: it
    coordinates, and leaves all else to activities. An exception that leaves it fails the execution.

    An `async def` function awaits its promises; a `def` function asks for their `result()`, which
    waits for them.

    Args:
        name: the type's name; the function's own if left out.
        version: the type's version.
        task_list: where its decision tasks go.
        execution_timeout: how long an execution may take; a year at most.
        decision_timeout: how long a decider may take for one decision; one that died costs as much.
        child_policy: what becomes of child executions when it is terminated or times out.
        priority: the higher, the sooner its decision tasks are handed out; 0, if left out.
        serializer: writes and reads its arguments and results; JSON by type hints, if left out.
    """

    def decorate(function: Callable[..., Any]) -> WorkflowType[..., Any]:
        made: WorkflowType[..., Any] = WorkflowType(
            function=function,
            codec=Codec(name or function.__name__, function, serializer),
            name=name or function.__name__,
            version=version,
            task_list=task_list,
            execution_timeout=execution_timeout,
            decision_timeout=decision_timeout,
            child_policy=child_policy,
            priority=priority,
        )
        made.registration()  # a negative timeout is found here
        return made

    return cast("WorkflowDecorator", decorate)
