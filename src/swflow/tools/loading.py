"""What a program holds, by the names of its modules."""

import importlib
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import Any, TypeVar

from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.errors import SwflowError

T = TypeVar("T")
Type = WorkflowType[..., Any] | ActivityType[..., Any]


def load_types(names: Iterable[str]) -> list[Type]:
    """The types that `package.module:attribute` and `package.module` (all of its types) name.

    Raises:
        SwflowError: one cannot be loaded, or holds none.
    """
    found: dict[tuple[type, str, str], Type] = {}
    for name in names:
        module_name, _, attribute = name.partition(":")
        module = _module(name, module_name)
        values = [_attribute(name, module, attribute)] if attribute else list(vars(module).values())
        types = [value for value in values if isinstance(value, WorkflowType | ActivityType)]
        if not types:
            raise SwflowError(f"{name} holds no workflow and no activity")
        found |= {(type(each), each.name, each.version): each for each in types}
    return list(found.values())


def load_one(name: str, kind: type[T], what: str) -> T:
    """The one thing that `package.module:attribute` names.

    Args:
        name: the name.
        kind: its class.
        what: the class in words.

    Raises:
        SwflowError: it cannot be loaded, or is something else.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise SwflowError(f"{name} names no {what}: it is written package.module:{what}")
    found = _attribute(name, _module(name, module_name), attribute)
    if not isinstance(found, kind):
        raise SwflowError(f"{name} is no {what}")
    return found


def _module(name: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except Exception as error:
        where = _place(error)
        name_of = "" if isinstance(error, ImportError) else f"{type(error).__name__}: "
        said = f"{name_of}{error}"
        raise SwflowError(f"cannot load {name}: {said}{where and f' ({where})'}") from error


def _attribute(name: str, module: ModuleType, attribute: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise SwflowError(f"cannot load {name}: {error}") from error


def _place(error: Exception) -> str:
    """The file and the line where a module's own code could not go on; none if none is its own."""
    if isinstance(error, SyntaxError):
        return ""  # it says so itself
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen importlib") and frame.filename != __file__
    ]
    own = [frame for frame in frames if "importlib" not in frame.filename]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""
