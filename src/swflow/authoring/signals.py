"""Signals: what an execution is told while it runs."""

import inspect
from collections.abc import Callable, Coroutine
from types import NoneType
from typing import Any, Generic, TypeVar, overload

from swflow.execution.context import Context
from swflow.execution.loop import Promise
from swflow.execution.suspending import call_suspendable
from swflow.values.serialize import of_value
from swflow.values.serializer import Serializer

T = TypeVar("T")


class Signal(Generic[T]):
    """Something that a running execution can be told, with a value.

    Make it beside the workflows, so that both ends know it:
    `approved = swflow.Signal("approved", Approval)`. Send it by `Execution.signal`, or from another
    workflow by `swflow.external(...).signal`.

    Attributes:
        name: its name.
        codec: writes and reads its values.
    """

    @overload
    def __init__(self: "Signal[None]", name: str) -> None: ...
    @overload
    def __init__(
        self, name: str, value: type[T], *, serializer: Serializer | None = None
    ) -> None: ...
    def __init__(
        self, name: str, value: Any = NoneType, *, serializer: Serializer | None = None
    ) -> None:
        """Define a signal.

        Args:
            name: its name, at most 256 characters.
            value: the type of its values; without it, it carries none.
            serializer: writes and reads its values; JSON by their type, if left out.
        """
        self.name = name
        self.codec = of_value(f"signal {name!r}", value, serializer)

    def receive(self) -> Promise[T]:
        """The oldest signal of this name that nobody has received; if there is none, the next.

        The promise is broken with a SerializationError where the value that was sent is of
        another type.

        Raises:
            SwflowError: no workflow is running here.
        """
        return self._context().inboxes[self.name].receive(self.codec)

    def on(
        self, handler: Callable[[T], object] | Callable[[T], Coroutine[Any, Any, object]]
    ) -> None:
        """Have every signal of this name handled, those that came already and all that will.

        They are handled in order, one after the other. An exception of the handler fails the
        execution, as one of the workflow's own function does.

        Args:
            handler: takes a signal's value; async or not.

        Raises:
            SwflowError: no workflow is running here.
        """
        context = self._context()
        context.loop.create_task(self._handle(context, handler), name=f"on {self.name}")

    async def _handle(self, context: Context, handler: Callable[[T], object]) -> None:
        try:
            while True:
                value = await self.receive()
                if inspect.iscoroutinefunction(handler):
                    await handler(value)
                else:
                    await call_suspendable(handler, [value], {})
        except Exception as error:  # noqa: BLE001 - it is the execution's
            context.broken = error

    def _context(self) -> Context:
        return Context.required(f"signal {self.name!r}")
