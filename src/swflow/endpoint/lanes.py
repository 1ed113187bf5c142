"""Several calls at once, on one thread's event loop.

Each call has a connection to itself while it lasts, and whoever made it waits for the answer
without holding up the others. A conversation is a generator that yields what it wants to call and
is given the answers, so it neither knows nor cares who carries it on: an event loop, or a test.
"""

import asyncio
import math
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import uvloop
from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.answer import Answer
from swflow.endpoint.retrying import Patience
from swflow.endpoint.stopping import Stop
from swflow.endpoint.transport import Transport
from swflow.endpoint.wire import HANG_UP_TIMEOUT

R = TypeVar("R")


def _never() -> float:
    return math.inf


class Call(NamedTuple):
    """What is wanted of the service.

    Attributes:
        operation: by its name, as in PollForDecisionTask.
        parameters: what it takes.
        timeout: how many seconds the answer may take; the transport's own if None.
        patience: for how many seconds to go on trying while the endpoint is away.
        hang_up_at: when to give up waiting, on `time.monotonic`; the answer is empty then. It is
            looked at when stopping is asked for, and when the time that it gave has come.
    """

    operation: str
    parameters: Mapping[str, Any]
    timeout: float | None = None
    patience: float = math.inf
    hang_up_at: Callable[[], float] = _never


class Pause(NamedTuple):
    """A conversation waits for a while."""

    seconds: float


class Aside(NamedTuple):
    """Something that may take its time, done in a thread of its own; its result is the answer."""

    work: Callable[[], Any]


Asked: TypeAlias = Call | Pause | Aside
Conversation: TypeAlias = Generator[Asked, Any, R]
"""Yields calls and gets their answers; a call that fails for good is raised in it."""


class Caller(Protocol):
    """Makes calls for those who share an event loop."""

    async def ask(self, call: Call) -> dict[str, Any]:
        """Make a call, again and again while the endpoint is away.

        Raises:
            ClientError: the endpoint said no.
            BotoCoreError: there was no answer for as long as the call has patience.
        """


class Lanes:
    """Makes calls over connections of their own.

    Args:
        transport: the way to the endpoint.
        stop: wakes those that wait, so that they look at when to hang up.
    """

    def __init__(self, transport: Transport, stop: Stop) -> None:
        self._transport = transport
        self._stop = stop
        self._idle: list[_Lane] = []
        self._watches: set[_Watch] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._stop.fileno(), self._look)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._loop.remove_reader(self._stop.fileno())
        while self._idle:
            self._idle.pop().close()

    async def ask(self, call: Call) -> dict[str, Any]:
        """Make a call; see `Caller`."""
        patient = Patience(call.operation, call.patience)
        while True:
            try:
                return await self._ask_once(call)
            except (BotoCoreError, ClientError) as error:
                wait = patient.wait(error)
            if not await self._rest(wait, call):
                return {}

    async def _ask_once(self, call: Call) -> dict[str, Any]:
        request = self._transport.request(call.operation, call.parameters)
        lane = self._idle.pop() if self._idle else _Lane(self._transport, self._loop)
        watch = self._watch(call, lane.hang_up)
        try:
            answer = await lane.exchange(request, call.timeout or self._transport.timeout)
            return self._transport.read(call.operation, answer)
        except (OSError, BotoCoreError, ClientError) as error:
            if lane.hung_up:
                return {}
            if isinstance(error, OSError):
                raise self._transport.explained(error) from error
            raise
        finally:
            self._forget(watch)
            if not lane.hung_up:
                self._idle.append(lane)

    async def _rest(self, seconds: float, call: Call) -> bool:
        """Wait for the next try; False if it is time to hang up instead."""
        over = self._loop.create_future()
        timer = self._loop.call_later(seconds, _settle, over, True)
        watch = self._watch(call, lambda: _settle(over, False))
        try:
            return bool(await over)
        finally:
            timer.cancel()
            self._forget(watch)

    def _watch(self, call: Call, hang_up: Callable[[], object]) -> "_Watch | None":
        if call.hang_up_at is _never:
            return None
        watch = _Watch(self._loop, call.hang_up_at, hang_up)
        self._watches.add(watch)
        watch.look()
        return watch

    def _forget(self, watch: "_Watch | None") -> None:
        if watch is not None:
            self._watches.discard(watch)
            watch.end()

    def _look(self) -> None:
        """Stopping was asked for."""
        self._loop.remove_reader(self._stop.fileno())
        for watch in tuple(self._watches):
            watch.look()


class _Watch:
    """Sees to it that a call is hung up when it is time to."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hang_up_at: Callable[[], float],
        hang_up: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._hang_up_at = hang_up_at
        self._hang_up = hang_up
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        self.end()
        left = self._hang_up_at() - time.monotonic()
        if left <= 0:
            self._hang_up()
        elif left < math.inf:
            self._timer = self._loop.call_later(left, self.look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Lane:
    """A connection that lasts for many calls, one after the other."""

    def __init__(self, transport: Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._wire = transport.wire()
        self._loop = loop
        self._watched = -1
        self._answer: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.hung_up = False

    async def exchange(self, request: bytes, longest: float) -> Answer:
        """Send a request and wait for its answer; `hang_up` may come at any time.

        Args:
            request: in full.
            longest: how many seconds the answer may take.

        Raises:
            OSError: there is no answer.
        """
        arrived = False
        try:
            if not self._wire.is_open():
                await self._connect()
            self._wire.send(request)
            self._answer = self._loop.create_future()
            self._give_up_in(HANG_UP_TIMEOUT if self.hung_up else longest)
            if self.hung_up:
                self._wire.hang_up()
            answer = await self._answer
            arrived = not self.hung_up
            return answer
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._answer = None
            if not arrived:
                self.close()

    def hang_up(self) -> None:
        """Wait for the answer only as long as an endpoint takes to see that nobody wants it."""
        if not self.hung_up:
            self.hung_up = True
            if self._answer is not None:
                self._wire.hang_up()
                self._give_up_in(HANG_UP_TIMEOUT)

    def close(self) -> None:
        """Close the connection."""
        self._unwatch()
        self._wire.close()

    async def _connect(self) -> None:
        self._unwatch()
        # It may take as long as the connection's timeout, and must not hold up the others.
        await self._loop.run_in_executor(None, self._wire.connect)
        self._watched = self._wire.fileno()
        self._loop.add_reader(self._watched, self._arrive)

    def _unwatch(self) -> None:
        if self._watched >= 0:
            self._loop.remove_reader(self._watched)
            self._watched = -1

    def _arrive(self) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # the endpoint closed it, or speaks unasked
            return
        try:
            answer = self._wire.receive()
        except OSError as error:
            self._answer.set_exception(error)
            return
        if self._wire.fileno() < 0:  # it was the connection's last answer
            self._unwatch()
        if answer is not None:
            self._answer.set_result(answer)

    def _give_up_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(TimeoutError("no answer came in time"))


def _settle(future: "asyncio.Future[bool]", value: bool) -> None:
    if not future.done():
        future.set_result(value)


def carry_on(transport: Transport, stop: Stop, conversations: Iterable[Conversation[None]]) -> None:
    """Carry conversations on until all have ended; the first error that leaves one ends them all.

    Args:
        transport: the way to the endpoint.
        stop: wakes those that wait, so that they look at when to hang up.
        conversations: what is talked.
    """

    async def converse_all() -> None:
        async with Lanes(transport, stop) as lanes:
            await converse(lanes, conversations)

    uvloop.run(converse_all())


async def converse(caller: Caller, conversations: Iterable[Conversation[None]]) -> None:
    """The same on an event loop that is running already."""
    tasks = [asyncio.ensure_future(_converse(caller, each)) for each in conversations]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for each in done:
        each.result()


async def _converse(caller: Caller, conversation: Conversation[None]) -> None:
    try:
        asked = next(conversation)
        while True:
            try:
                answer = await _answered(caller, asked)
            except Exception as error:  # noqa: BLE001 - the conversation's own, or it leaves it
                asked = conversation.throw(error)
            else:
                asked = conversation.send(answer)
    except StopIteration:
        pass
    finally:
        conversation.close()


async def _answered(caller: Caller, asked: Asked) -> Any:
    match asked:
        case Call():
            return await caller.ask(asked)
        case Pause(seconds):
            await asyncio.sleep(seconds)
            return {}
        case Aside(work):
            return await asyncio.get_running_loop().run_in_executor(None, work)
