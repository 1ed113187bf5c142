"""The workflows and activities of a program, by the names of its modules."""

import importlib
from collections.abc import Iterable
from typing import Any

from swflow.activity import ActivityType
from swflow.errors import SwflowError
from swflow.workflow import WorkflowType

Type = WorkflowType[..., Any] | ActivityType[..., Any]


def load_types(names: Iterable[str]) -> list[Type]:
    """The types that `package.module:attribute` and `package.module` (all of its types) name.

    Raises:
        SwflowError: there is no such module or attribute, or no type is there.
    """
    found: dict[tuple[type, str, str], Type] = {}
    for name in names:
        module_name, _, attribute = name.partition(":")
        try:
            module = importlib.import_module(module_name)
            values = [getattr(module, attribute)] if attribute else list(vars(module).values())
        except (ImportError, AttributeError) as error:
            raise SwflowError(f"cannot load {name}: {error}") from error
        types = [value for value in values if isinstance(value, WorkflowType | ActivityType)]
        if not types:
            raise SwflowError(f"{name} holds no workflow and no activity")
        found |= {(type(each), each.name, each.version): each for each in types}
    return list(found.values())
