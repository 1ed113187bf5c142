"""A look at a workflow's source for what cannot be replayed, before it runs.

Nothing is run and nothing is forbidden: names are resolved as the function would resolve them, and
what is found is said, with its place and what to use instead. What a workflow cannot do at all is
refused where it does it, by `swflow.execution.refusing`.
"""

import ast
import asyncio
import builtins
import datetime as dt
import inspect
import logging
import os
import random
import secrets
import socket
import subprocess
import textwrap
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from swflow.authoring.workflow import WorkflowType

_log = logging.getLogger(__name__)

_NOW = "swflow.now()"
_RANDOM = "swflow.random()"
_ACTIVITY = "an activity"
_ONCE = "@swflow.cached, or an activity"

_INSTEAD: dict[Any, str] = {
    time.time: _NOW,
    time.time_ns: _NOW,
    time.monotonic: _NOW,
    time.perf_counter: _NOW,
    time.sleep: "asyncio.sleep(), or swflow.sleep() in a `def` workflow",
    uuid.uuid1: "swflow.uuid4()",
    uuid.uuid4: "swflow.uuid4()",
    os.urandom: _RANDOM,
    os.getenv: _ONCE,
    os.system: _ACTIVITY,
    open: _ACTIVITY,
    input: _ACTIVITY,
    asyncio.to_thread: _ACTIVITY,
    asyncio.run: "await",
    threading.Thread: "asyncio.create_task(), or an activity",
    socket.socket: _ACTIVITY,
    socket.create_connection: _ACTIVITY,
    urllib.request.urlopen: _ACTIVITY,
}

_SET: tuple[type, str] = (set, "__iter__")

_METHODS: dict[tuple[type, str], str] = {
    (dt.datetime, "now"): _NOW,
    (dt.datetime, "utcnow"): _NOW,
    (dt.datetime, "today"): _NOW,
    (dt.date, "today"): _NOW,
    _SET: "sorted()",
}

_MODULES = {random: _RANDOM, secrets: _RANDOM, subprocess: _ACTIVITY}
"""Of which everything is meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a workflow's code that will not be the same in every replay.

    Attributes:
        file: the path of its source.
        line: the line there, from 1.
        name: what it is, in the code's words.
        instead: what to use in its place.
    """

    file: str
    line: int
    name: str
    instead: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.name} in a workflow's code "
            f"does not replay the same; use {self.instead}"
        )


def warn(workflows: Iterable[WorkflowType[..., Any]]) -> None:
    """Log what `check` finds."""
    for each in workflows:
        for finding in check(each):
            _log.warning("%s", finding)


def check(workflow: WorkflowType[..., Any]) -> list[Finding]:
    """What a workflow's code calls that cannot be replayed.

    Looked at are its function and the plain functions of the same module that it calls, and they
    in turn; functions that are `@cached`, and activities, may do as they like.

    Args:
        workflow: the workflow.

    Returns:
        The findings, in the order they were come upon; none where there is no source to read.
    """
    found: list[Finding] = []
    module = workflow.function.__module__
    waiting = [workflow.function] if inspect.isfunction(workflow.function) else []
    seen = set[FunctionType]()
    while waiting:
        function = waiting.pop(0)
        if function in seen:
            continue
        seen.add(function)
        for name, called, place in _calls(function):
            instead = _instead(called)
            if instead is not None:
                found.append(Finding(*place, name, instead))
            elif inspect.isfunction(called) and called.__module__ == module:
                waiting.append(called)
    return found


def _calls(function: FunctionType) -> Iterator[tuple[str, Any, tuple[str, int]]]:
    """Every call in a function: as it is written, what it means, and where it stands.

    Going through a set is one, too: its order is another in every process.
    """
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return
    file = inspect.getsourcefile(function) or "?"
    scope = {**vars(builtins), **function.__globals__, **inspect.getclosurevars(function).nonlocals}
    for local in function.__code__.co_varnames:
        scope.pop(local, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = (file, first + node.lineno - 1)
            yield f"{ast.unparse(node.func)}()", _resolve(node.func, scope), place
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, scope):
            place = (file, first + node.iter.lineno - 1)
            yield "the order of a set", _SET, place


def _is_set(node: ast.expr, scope: dict[str, Any]) -> bool:
    """Whether an expression makes a set."""
    if isinstance(node, ast.Call):
        return _resolve(node.func, scope) in (set, frozenset)
    return isinstance(node, ast.Set | ast.SetComp)


def _resolve(node: ast.expr, scope: dict[str, Any]) -> Any:
    """What an expression of names and dots means; a method of a class comes with its class."""
    match node:
        case ast.Name(id=name):
            return scope.get(name)
        case ast.Attribute(value=value, attr=name):
            owner = _resolve(value, scope)
            if isinstance(owner, type) and (owner, name) in _METHODS:
                return owner, name
            # Of nothing else, where looking might do something.
            known = inspect.ismodule(owner) or isinstance(owner, type | random.Random)
            return getattr(owner, name, None) if known else None
        case _:
            return None


def _instead(called: Any) -> str | None:
    """What to use in place of something that cannot be replayed; None if it can."""
    if isinstance(called, tuple):
        return _METHODS[called]
    if getattr(called, "__wrapped__", None) is not None:  # as a cached function has
        return None
    try:
        known = _INSTEAD.get(called)
    except TypeError:  # no hash, so none of these
        return None
    if known is not None:
        return known
    module = inspect.getmodule(getattr(called, "__self__", None) or called)
    return next((instead for each, instead in _MODULES.items() if each is module), None)
