"""Registering: what is new is registered, what is there stays as it is, and what differs is said.

A registered type never changes: where a program asks for other defaults than it was registered
with, the type needs another version. Nothing depends on it, because everything that swflow starts
and schedules says its timeouts and its task list itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code, persistently

_PATIENCE = timedelta(minutes=1)
_RETENTION = "workflowExecutionRetentionPeriodInDays"
_NAMING = ("name", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What became of the domain, or of one type.

    Attributes:
        kind: domain, workflow or activity.
        name: its name.
        version: a type's version.
        new: whether it was not there.
        deprecated: whether it is deprecated: Amazon SWF starts or schedules nothing of it.
        differences: by the name of the default, what is registered and what the program asks for.
    """

    kind: str
    name: str
    version: str | None = None
    new: bool = False
    deprecated: bool = False
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def register_domain(
    connection: Connection, retention: timedelta, *, dry_run: bool = False
) -> Registered:
    """Register the domain, if it is not there.

    Args:
        connection: the domain.
        retention: how long closed executions are kept, in whole days.
        dry_run: only look.
    """
    name = connection.domain
    asked = {_RETENTION: str(retention.days)}

    def describe() -> tuple[str, Mapping[str, Any]]:
        answer = connection.swf.describe_domain(name=name)
        return answer["domainInfo"]["status"], answer["configuration"]

    def make() -> None:
        connection.swf.register_domain(
            name=name, workflowExecutionRetentionPeriodInDays=asked[_RETENTION]
        )

    status, there = _ensured(describe, make, f"registering {name}", dry_run=dry_run)
    return Registered(
        kind="domain",
        name=name,
        new=status is None,
        deprecated=status == "DEPRECATED",
        differences=_differences(there, asked),
    )


def register_types(
    connection: Connection,
    types: Sequence[WorkflowType[..., Any] | ActivityType[..., Any]],
    *,
    dry_run: bool = False,
) -> list[Registered]:
    """Register types that are not there.

    Args:
        connection: the domain.
        types: workflows and activities.
        dry_run: only look.
    """
    return [_register_type(connection, each, dry_run=dry_run) for each in types]


def _register_type(
    connection: Connection,
    wanted: WorkflowType[..., Any] | ActivityType[..., Any],
    *,
    dry_run: bool,
) -> Registered:
    kind = "workflow" if isinstance(wanted, WorkflowType) else "activity"
    swf: Any = connection.swf
    domain = connection.domain
    parameters = wanted.registration()

    def describe() -> tuple[str, Mapping[str, Any]]:
        which = {f"{kind}Type": {key: parameters[key] for key in _NAMING}}
        answer = getattr(swf, f"describe_{kind}_type")(domain=domain, **which)
        return answer["typeInfo"]["status"], answer["configuration"]

    def make() -> None:
        getattr(swf, f"register_{kind}_type")(domain=domain, **parameters)

    what = f"registering {wanted.name} {wanted.version}"
    status, there = _ensured(describe, make, what, dry_run=dry_run)
    asked = {key: value for key, value in parameters.items() if key not in _NAMING}
    return Registered(
        kind=kind,
        name=wanted.name,
        version=wanted.version,
        new=status is None,
        deprecated=status == "DEPRECATED",
        differences=_differences(there, asked),
    )


def _ensured(
    describe: Callable[[], tuple[str, Mapping[str, Any]]],
    make: Callable[[], None],
    what: str,
    *,
    dry_run: bool,
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The status and the defaults of what is there; nothing for what was not."""
    while True:
        try:
            return persistently(describe, what, _PATIENCE)
        except ClientError as error:
            if code(error) != "UnknownResourceFault":
                raise
        if dry_run:
            return None, None
        try:
            persistently(make, what, _PATIENCE)
        except ClientError as error:
            if not code(error).endswith("AlreadyExistsFault"):
                raise  # else somebody else was faster: look at what they registered
        else:
            return None, None


def _differences(
    there: Mapping[str, Any] | None, asked: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    if there is None:
        return {}
    return {
        key: (_plain(there.get(key)), _plain(asked.get(key)))
        for key in sorted({*there, *asked})
        if there.get(key) != asked.get(key)
    }


def _plain(value: Any) -> Any:
    """A task list by its name."""
    return value["name"] if isinstance(value, dict) else value
