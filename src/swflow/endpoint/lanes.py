"""Several conversations with an endpoint at once, on one thread.

A conversation is a generator: it yields what it wants to call and is given the answers. While one
waits, the others go on, each over a connection of its own; what they do between their calls is
done one after the other, so they need no locks.
"""

import logging
import math
import select
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.retrying import delays, is_passing
from swflow.endpoint.stopping import Stop
from swflow.endpoint.transport import Transport
from swflow.endpoint.wire import HANG_UP_TIMEOUT

R = TypeVar("R")

_log = logging.getLogger(__name__)


def _never() -> float:
    return math.inf


class Call(NamedTuple):
    """What a conversation wants.

    Attributes:
        operation: by its name, as in PollForDecisionTask.
        parameters: what it takes.
        timeout: how many seconds the answer may take; the transport's own if None.
        patience: for how many seconds to go on trying while the endpoint is away.
        hang_up_at: when to give up waiting, on `time.monotonic`; the answer is empty then. It is
            looked at again and again.
    """

    operation: str
    parameters: Mapping[str, Any]
    timeout: float | None = None
    patience: float = math.inf
    hang_up_at: Callable[[], float] = _never


class Pause(NamedTuple):
    """A conversation waits for a while."""

    seconds: float


_NOTHING = Call("", {})

Asked: TypeAlias = Call | Pause
Conversation: TypeAlias = Generator[Asked, dict[str, Any], R]
"""Yields calls and gets their answers; a call that fails for good is raised in it."""


def carry_on(transport: Transport, stop: Stop, conversations: list[Conversation[None]]) -> None:
    """Carry conversations on until all have ended; the first error that leaves one ends them all.

    Args:
        transport: the way to the endpoint.
        stop: wakes those that wait, so that they look at when to hang up.
        conversations: each has a connection of its own.
    """
    lanes = [_Lane(transport, each) for each in conversations]
    try:
        for lane in lanes:
            lane.begin()
        woken = False
        while lanes := [lane for lane in lanes if not lane.ended]:
            ready = _wait(lanes, None if woken else stop)
            woken = woken or stop.requested()
            for lane in lanes:
                lane.go_on(lane.wire.fileno() in ready)
    finally:
        for lane in lanes:
            lane.wire.close()
            lane.conversation.close()


def _wait(lanes: "list[_Lane]", stop: Stop | None) -> set[int]:
    """Wait until there is something to do; gives the sockets at which something arrived."""
    waiting = select.poll()
    if stop is not None:
        waiting.register(stop.fileno(), select.POLLIN)
    due = math.inf
    for lane in lanes:
        due = min(due, lane.due())
        if lane.paused_until is None and lane.wire.fileno() >= 0:
            waiting.register(lane.wire.fileno(), select.POLLIN)
    left = None if due == math.inf else math.ceil(max(0.0, due - time.monotonic()) * 1000)
    return {number for number, _ in waiting.poll(left)}


@dataclass(eq=False)
class _Lane:
    transport: Transport
    conversation: Conversation[None]
    call: Call = _NOTHING
    ended: bool = False
    paused_until: float | None = None
    deadline: float = math.inf
    patient_until: float = math.inf
    hung_up: bool = False
    waits: Iterator[float] = field(default_factory=delays)

    def __post_init__(self) -> None:
        self.wire = self.transport.wire()

    def begin(self) -> None:
        self._take(lambda: next(self.conversation))

    def due(self) -> float:
        """When there is something to do though nothing arrives."""
        next_step = self.deadline if self.paused_until is None else self.paused_until
        return next_step if self.hung_up else min(next_step, self.call.hang_up_at())

    def go_on(self, has_arrived: bool) -> None:
        if has_arrived:
            self._receive()
            return
        now = time.monotonic()
        if not self.hung_up and self.call.hang_up_at() <= now:
            self._hang_up(now)
        elif self.paused_until is not None:
            if self.paused_until <= now:
                self.paused_until = None
                self._answer({}) if self.call is _NOTHING else self._send()
        elif self.deadline <= now:
            self._fail(self.transport.explained(TimeoutError("no answer came in time")))

    def _take(self, step: Callable[[], Asked]) -> None:
        """Let the conversation say what it wants next."""
        try:
            asked = step()
        except StopIteration:
            self.ended = True
            self.wire.close()
            return
        now = time.monotonic()
        if isinstance(asked, Pause):
            self.call, self.paused_until = _NOTHING, now + asked.seconds
            return
        self.call, self.hung_up, self.waits = asked, False, delays()
        self.patient_until = now + asked.patience
        self._send()

    def _send(self) -> None:
        timeout = self.call.timeout or self.transport.timeout
        self.deadline = time.monotonic() + timeout
        try:
            self.wire.send(self.transport.request(self.call.operation, self.call.parameters))
        except OSError as error:
            self._fail(self.transport.explained(error))
        except BotoCoreError as error:
            self._fail(error)

    def _receive(self) -> None:
        try:
            arrived = self.wire.receive()
            if arrived is None:
                return
            if self.hung_up:
                self.wire.close()
            answer = self.transport.read(self.call.operation, arrived)
        except OSError as error:
            self._fail(self.transport.explained(error))
        except (BotoCoreError, ClientError) as error:
            self._fail(error)
        else:
            self._answer(answer)

    def _answer(self, answer: dict[str, Any]) -> None:
        self._take(lambda: self.conversation.send(answer))

    def _hang_up(self, now: float) -> None:
        self.hung_up = True
        if self.paused_until is None:
            self.wire.hang_up()
            self.deadline = now + HANG_UP_TIMEOUT
        else:
            self.paused_until = None
            self._answer({})

    def _fail(self, error: BotoCoreError | ClientError) -> None:
        if isinstance(error, BotoCoreError):
            self.wire.close()
        if self.hung_up:
            self._answer({})
            return
        wait, now = next(self.waits), time.monotonic()
        if is_passing(error) and now + wait <= self.patient_until:
            _log.warning("%s: %s; trying again in %.1f s", self.call.operation, error, wait)
            self.paused_until = now + wait
        else:
            self._take(lambda: self.conversation.throw(error))
