"""Workflows: what the deciders run."""

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, ParamSpec, TypeAlias, TypeVar

from swflow.errors import SwflowError
from swflow.history import duration
from swflow.loop import WorkflowLoop
from swflow.serialize import Codec, to_json

P = ParamSpec("P")
R = TypeVar("R")

ChildPolicy: TypeAlias = Literal["TERMINATE", "REQUEST_CANCEL", "ABANDON"]


@dataclass(frozen=True, eq=False, kw_only=True)
class WorkflowType(Generic[P, R]):
    """A workflow: an `async def` function, and how its executions are run. Made by `@workflow`.

    Attributes:
        function: the function itself.
        codec: writes and reads the function's arguments and results.
        name: the name of the type.
        version: the version of the type.
        task_list: where its decision tasks go.
        execution_timeout: how long an execution may take.
        decision_timeout: how long a decider may take for one decision.
        child_policy: what becomes of child executions when it is terminated or times out.
    """

    function: Callable[P, Coroutine[Any, Any, R]]
    codec: Codec
    name: str
    version: str
    task_list: str
    execution_timeout: timedelta
    decision_timeout: timedelta
    child_policy: ChildPolicy

    def encode_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """An execution's arguments as they travel.

        Raises:
            SerializationError: they do not fit the function, or are too long.
        """
        return to_json(self.codec.dump_call(args, kwargs), f"the input of {self.name}")

    def start_parameters(self) -> dict[str, Any]:
        """The parameters of StartWorkflowExecution that the type decides on."""
        return {
            "workflowType": {"name": self.name, "version": self.version},
            "taskList": {"name": self.task_list},
            "executionStartToCloseTimeout": duration(self.execution_timeout),
            "taskStartToCloseTimeout": duration(self.decision_timeout),
            "childPolicy": self.child_policy,
        }

    def registration(self) -> dict[str, Any]:
        """The parameters of RegisterWorkflowType."""
        return {
            "name": self.name,
            "version": self.version,
            "defaultTaskList": {"name": self.task_list},
            "defaultExecutionStartToCloseTimeout": duration(self.execution_timeout),
            "defaultTaskStartToCloseTimeout": duration(self.decision_timeout),
            "defaultChildPolicy": self.child_policy,
        }


def workflow(
    name: str | None = None,
    *,
    version: str,
    task_list: str,
    execution_timeout: timedelta,
    decision_timeout: timedelta = timedelta(minutes=5),
    child_policy: ChildPolicy = "TERMINATE",
) -> Callable[[Callable[P, Coroutine[Any, Any, R]]], WorkflowType[P, R]]:
    """Make an `async def` function a workflow.

    Its code is run again from the start after every crash, and has to do the same every time: it
    coordinates, and leaves all else to activities. An exception that leaves it fails the execution.

    Args:
        name: the type's name; the function's own if left out.
        version: the type's version.
        task_list: where its decision tasks go.
        execution_timeout: how long an execution may take; a year at most.
        decision_timeout: how long a decider may take for one decision.
        child_policy: what becomes of child executions when it is terminated or times out.
    """

    def decorate(function: Callable[P, Coroutine[Any, Any, R]]) -> WorkflowType[P, R]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"a workflow is an async def function; {function.__name__} is not")
        made = WorkflowType(
            function=function,
            codec=Codec(name or function.__name__, function),
            name=name or function.__name__,
            version=version,
            task_list=task_list,
            execution_timeout=execution_timeout,
            decision_timeout=decision_timeout,
            child_policy=child_policy,
        )
        made.registration()  # a negative timeout is found here
        return made

    return decorate


def now() -> datetime:
    """The time in a workflow: when its current decision began, the same in every replay.

    Raises:
        SwflowError: no workflow is running here.
    """
    loop = WorkflowLoop.current()
    if loop is None:
        raise SwflowError("swflow.now() is a workflow's time, and no workflow is running here")
    return loop.now
