"""What is found out once and then recorded: values, random numbers, versions of the code."""

import functools
import inspect
import json
import secrets
from collections.abc import Callable
from random import Random
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from swflow.errors import CachedCallFailed, Failure
from swflow.execution.commands import Command
from swflow.execution.context import Context
from swflow.execution.loop import Evicted, outside
from swflow.execution.recorded import CACHED, PATCHED
from swflow.values.failure import Report
from swflow.values.sealing import too_long
from swflow.values.serialize import Codec, of_value, to_json

P = ParamSpec("P")
R = TypeVar("R")

_anything = of_value("marker()", Any)


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Let a workflow call a function that may give something else every time.

    Each call is made once, when the workflow's code comes to it for the first time, and what it
    gives is recorded in the history: a replay takes it from there. It is made in the decider, so
    it has to be quick, and it can happen twice where a decider dies on it: work that takes longer
    or must be retried is an activity's. Outside of workflows it is called as if undecorated.

    A `Failure` that it raises is recorded as well; of any other exception a CachedCallFailed is
    raised, which carries its type and traceback.

    Args:
        function: with type hints as an activity has them; not `async`.

    Raises:
        TypeError: it is `async`.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError(
            f"@cached calls a function there and then, and {function.__name__} is async; "
            f"make it an activity"
        )
    codec = Codec(function.__name__, function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        context = Context.current()
        if context is None:
            return function(*args, **kwargs)
        name = function.__name__
        record = _once(context, name, lambda: _outcome(codec, function, *args, **kwargs))
        if "result" in record:
            result: R = codec.load_result(record["result"])
            return result
        report = Report.read(record["reason"], record["details"])
        match report.details:
            case {"type": str(), "traceback": str()}:
                raise CachedCallFailed(report.reason, report.details, name, retry=report.retry)
            case _:
                raise Failure(report.reason, report.details, retry=report.retry)

    return call


def random() -> Random:
    """The execution's own random numbers, the same in every replay.

    Raises:
        SwflowError: no workflow is running here.
    """
    context = Context.required("swflow.random()")
    if context.random is None:
        record = _once(context, "random", lambda: {"seed": str(secrets.randbits(128))})
        context.random = Random(int(record["seed"]))  # noqa: S311 - no secrets come of it
    return context.random


def uuid4() -> UUID:
    """A random UUID, the same in every replay.

    Raises:
        SwflowError: no workflow is running here.
    """
    return UUID(int=random().getrandbits(128), version=4)


def patched(change: str) -> bool:
    """Whether the code is to go its new way: where it was changed under running executions.

    True in an execution that comes here for the first time with the changed code; False in one
    that was here already with the code as it was before, as its history shows. The answer stays
    the same for the whole of an execution. When no execution of the old way is open any more, the
    call can be taken out, and the old way with it.

    Args:
        change: a name for the change, used for nothing else.

    Raises:
        SwflowError: no workflow is running here.
    """
    context = Context.required("swflow.patched()")
    if change not in context.patches:
        recorded = context.recorded
        context.patches[change] = recorded is None or recorded.patched(change)
        if context.patches[change]:
            _mark(context, PATCHED, to_json({"id": change}, "patched()"))
    return context.patches[change]


def marker(name: str, details: Any = None) -> None:
    """Write something into the history, for people who read it.

    Args:
        name: at most 256 characters; names beginning with "swflow." are not for this.
        details: anything with a JSON form.

    Raises:
        SerializationError: the details have no JSON form, or are too long, and there is no
            payload store.
        SwflowError: no workflow is running here.
        ValueError: the name begins with "swflow.".
    """
    context = Context.required("swflow.marker()")
    if name.startswith("swflow."):
        raise ValueError(f"{name!r}: marker names that begin with 'swflow.' are swflow's own")
    _mark(context, name, _anything.dump_result(details))


def _once(context: Context, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the execution recorded of this call; if the call is new, make it and record it."""
    number = context.number()
    reused = context.reuse.take("cached", name)
    if context.recorded is None:
        if reused is not None:
            made = reused["record"]
        else:
            with outside():
                made = make()
        text = to_json({"call": number, "name": name, **made}, f"what {name} gives")
        if not context.fits(text):
            refused = Report.of(too_long(text, f"what {name} gives")).wire()
            text = to_json({"call": number, "name": name, **refused}, f"what {name} gives")
    else:
        text = context.recorded.value(number) or ""
    _mark(context, CACHED, text or f"{name}, call {number}")
    if not text:  # code and history differ; there is nothing to go on with
        raise Evicted
    record: dict[str, Any] = json.loads(text)
    return record


def _mark(context: Context, name: str, details: str) -> None:
    context.ask(Command("RecordMarker", {"markerName": name, "details": details}))


def _outcome(
    codec: Codec, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> dict[str, Any]:
    try:
        return {"result": codec.dump_result(function(*args, **kwargs))}
    except Exception as error:  # noqa: BLE001 - it is recorded, whatever it is
        return dict(Report.of(error).wire())
