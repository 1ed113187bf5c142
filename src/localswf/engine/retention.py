"""Forgets closed executions when their domain's retention period is over."""

from collections.abc import Callable, Iterator
from functools import partial

from localswf.clock import Clock
from localswf.core.execution import Execution
from localswf.engine.dispatch import Dispatcher
from localswf.engine.registry import Registry
from localswf.store.journal import Journal

_RETRY = 1000
_EVENTS_AT_ONCE = 2000
_EXECUTIONS_AT_ONCE = 200


class Retention:
    """Takes what has been kept long enough from the data file, a little at a time.

    Nobody is shown an execution past its time: see `Registry.kept_since`. What is taken out shares
    the journal's commits with everything else, so each round is small, and the next one waits
    until it is on disk. A restart finds what came due while nobody was there.
    """

    def __init__(
        self, journal: Journal, registry: Registry, dispatcher: Dispatcher, clock: Clock
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._dispatcher = dispatcher
        self._clock = clock
        self._due: int | None = None
        dispatcher.on_close(self._closed)
        self._expect_next()

    def _closed(self, execution: Execution) -> None:
        due = execution.closed_at + self._registry.retention(execution.domain)
        if self._due is None or due < self._due:
            self._once_written(partial(self._expect, due))

    def _expect(self, due: int) -> None:
        """Sweep at `due`, if not earlier."""
        if self._due is None or due < self._due:
            self._due = due
            self._dispatcher.at(due, self._sweep)

    def _expect_next(self) -> None:
        """Sweep when the first of those on disk is due."""
        for name, _ in self._registry.domains():
            closed_at = self._journal.first_closed(name)
            if closed_at is not None:
                self._expect(closed_at + self._registry.retention(name))

    def _sweep(self) -> None:
        """One round."""
        self._due = None
        room = _EVENTS_AT_ONCE
        over: list[int] = []
        for number, events in self._expired():
            if events > room:
                # The rest of it is for the next rounds.
                self._journal.shorten_execution(number, events - room)
                room = 0
                break
            room -= events
            over.append(number)
        self._journal.forget_executions(over)
        if over or not room:
            self._once_written(partial(self._expect, self._clock.now()))
        else:
            self._once_written(self._expect_next)

    def _expired(self) -> Iterator[tuple[int, int]]:
        """Number and count of events of those whose time is over, as many as one round takes."""
        left = _EXECUTIONS_AT_ONCE
        for name, _ in self._registry.domains():
            found = self._journal.expired(name, self._registry.kept_since(name), left)
            yield from found
            left -= len(found)
            if not left:
                return

    def _once_written(self, then: Callable[[], None]) -> None:
        """Go on when all that was written so far is on disk, where rounds read."""
        self._journal.durable(partial(self._written, then))

    def _written(self, then: Callable[[], None], error: BaseException | None) -> None:
        if error is None:
            then()
        else:
            self._dispatcher.at(self._clock.now() + _RETRY, partial(self._once_written, then))
        self._dispatcher.set_alarm()
