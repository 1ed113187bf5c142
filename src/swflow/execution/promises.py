"""Promises among arguments, promises kept, and when two calls are the same."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from swflow.errors import SerializationError, SwflowError
from swflow.execution.loop import Promise, outside
from swflow.values.sealing import Sealer
from swflow.values.serialize import Codec

Then = Callable[[Sequence[Any], Mapping[str, Any]], None]


def when_fulfilled(
    promise: Promise[Any], args: Sequence[Any], kwargs: Mapping[str, Any], then: Then
) -> None:
    """Go on with the arguments as soon as the promises among them are kept.

    The first of them that is broken breaks the promise as well, and so does an exception of
    `then`; where nothing has to be waited for, `then` is called here and its exception is raised.

    Args:
        promise: what the caller waits for.
        args: positional arguments; promises may be nested in lists, tuples and dicts.
        kwargs: named arguments, likewise.
        then: what to do with the arguments.
    """
    promises: list[Promise[Any]] = []
    _collect(args, promises)
    _collect(kwargs.values(), promises)
    if not promises:
        then(args, kwargs)
        return
    open_promises = {each for each in promises if not each.done()}

    def kept(one: Any) -> None:
        open_promises.discard(one)
        if not open_promises and not promise.done():
            _go_on(promise, promises, lambda: then(_fulfilled(args), _fulfilled(kwargs)))

    for each in tuple(open_promises):
        each.add_done_callback(kept)
    if not open_promises:
        kept(None)


def keep(promise: Promise[Any], codec: Codec, result: str | None) -> None:
    """Keep a promise with a result that travelled, or break it if that is of another type."""
    if promise.done():
        return
    try:
        promise.set_result(codec.load_result(result))
    except SwflowError as error:
        promise.set_exception(error)


def break_with(promise: Promise[Any], error: SwflowError) -> None:
    """Break a promise, if somebody still waits for it."""
    if not promise.done():
        promise.set_exception(error)


def same_payload(sealer: Sealer, load: Callable[[str], Any], here: str, there: str | None) -> bool:
    """Whether a payload is the same as one that travelled.

    Sets have another order in every process: before it is said that two payloads differ, both are
    looked at, even if the other one has to be fetched from a store.

    Args:
        sealer: of the domain.
        load: gives what is in a payload.
        here: the one.
        there: the other, as it travelled.
    """
    if here == there:
        return True
    with outside():  # a store may have to be asked
        if sealer.same(here, there):
            return True
        try:
            mine, its = load(here), load(sealer.open(there or ""))
        except SerializationError:
            return False
    try:
        return bool(mine == its)
    except Exception:  # noqa: BLE001 - there are values, such as arrays, whose == gives no truth
        return False


def _go_on(promise: Promise[Any], promises: list[Promise[Any]], then: Callable[[], None]) -> None:
    try:
        for each in promises:
            each.result()
        then()
    except asyncio.CancelledError:
        promise.cancel()
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to who awaits this
        promise.set_exception(error)


def _collect(values: Iterable[Any], found: list[Promise[Any]]) -> None:
    """Find the promises in some values, also nested ones."""
    for value in values:
        if isinstance(value, Promise):
            found.append(value)
        elif isinstance(value, dict):
            _collect(value.values(), found)
        elif isinstance(value, (list, tuple)):
            _collect(value, found)


def _fulfilled(value: Any) -> Any:
    """The same value with every promise in it replaced by its result."""
    match value:
        case Promise():
            return value.result()
        case dict():
            return {key: _fulfilled(each) for key, each in value.items()}
        case list():
            return [_fulfilled(each) for each in value]
        case tuple():
            content = [_fulfilled(each) for each in value]
            make = getattr(type(value), "_make", tuple)  # named tuples
            return make(content)
        case _:
            return value
