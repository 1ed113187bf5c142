"""Steps that are undone if a later one fails."""

import asyncio
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, Self

from swflow.errors import CompensationFailed, SwflowError
from swflow.execution.suspending import call_suspendable, can_suspend, wait_for

P = ParamSpec("P")


class Saga:
    """Undoes what was done, in reverse order, if an exception or a cancellation ends it.

    ```
    async with swflow.Saga() as saga:
        seat = await book_seat(trip)
        saga.add(release_seat, seat)
        await charge(trip)
    ```

    Each compensation is called once, one after the other, and nothing interrupts them. Where one
    fails the others are still called, and a CompensationFailed with all that went wrong is raised
    from the exception that began it. In a `def` workflow it is a plain `with`.
    """

    def __init__(self) -> None:
        self._steps: list[Callable[[], Any]] = []

    def add(self, undo: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Say how the step just done is undone.

        Args:
            undo: an activity, a workflow, or a function of the workflow's own code, async or not.
            args: its arguments.
            kwargs: its named arguments.
        """
        self._steps.append(lambda: undo(*args, **kwargs))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # Whatever else ends a workflow's code, as being put away does, is no failure of it.
        if isinstance(error, Exception | asyncio.CancelledError):
            undoing = asyncio.get_running_loop().create_task(self._undo())
            interruption = None
            while not undoing.done():
                try:
                    await asyncio.shield(undoing)
                except asyncio.CancelledError as cancelled:
                    interruption = cancelled
            if errors := undoing.result():
                raise CompensationFailed(errors) from error
            if interruption is not None:
                raise interruption

    def __enter__(self) -> Self:
        if not can_suspend():
            raise SwflowError(
                "`with Saga()` is for `def` workflows; use `async with` in an `async def` one"
            )
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        wait_for(self.__aexit__(_type, error, _trace))

    async def _undo(self) -> list[Exception]:
        errors = []
        while self._steps:
            try:
                undone = await call_suspendable(self._steps.pop(), [], {})
                if inspect.isawaitable(undone):
                    await undone
            except Exception as error:  # noqa: BLE001 - reported with the others
                errors.append(error)
        return errors
