"""Which executions there are."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from swflow.client.client import Client
from swflow.endpoint.connection import Connection

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which executions are asked for; all that are known, where nothing is said.

    Attributes:
        status: OPEN, CLOSED, or how it closed: COMPLETED, FAILED, CANCELED, TERMINATED,
            CONTINUED_AS_NEW, TIMED_OUT.
        workflow_id: whom they are about.
        type: the name of their type.
        version: the version of their type.
        tag: one of their tags.
        since: started at this time or later.
        until: started at this time or before.
    """

    status: str | None = None
    workflow_id: str | None = None
    type: str | None = None
    version: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, info: dict[str, Any]) -> bool:
        """Whether an execution is asked for, going by its WorkflowExecutionInfo."""
        asked = {
            "workflow_id": info["execution"]["workflowId"],
            "type": info["workflowType"]["name"],
            "version": info["workflowType"]["version"],
        }
        if any(getattr(self, key) not in (None, value) for key, value in asked.items()):
            return False
        if self.tag is not None and self.tag not in info.get("tagList", ()):
            return False
        status = info.get("closeStatus", info["executionStatus"])
        return self.status in (None, status, info["executionStatus"])


def executions(client: Client, query: Query = Query()) -> Iterator[dict[str, Any]]:
    """The executions of a domain, the one started last first, as WorkflowExecutionInfo.

    Read page by page: whoever stops early asks for no more. Amazon SWF lists an execution a moment
    after it was started or closed.
    """
    parts, connection = [], client.connection
    if query.status in (None, "OPEN"):
        parts.append(_listed(connection, "list_open_workflow_executions", query))
    if query.status != "OPEN":
        parts.append(_listed(connection, "list_closed_workflow_executions", query))
    found = heapq.merge(*parts, key=lambda info: info["startTimestamp"], reverse=True)
    return (info for info in found if query.admits(info))


def _listed(connection: Connection, operation: str, query: Query) -> Iterator[dict[str, Any]]:
    pages = connection.swf.get_paginator(operation)  # type: ignore[call-overload] # one of two
    started = {"oldestDate": query.since or _EPOCH}
    if query.until is not None:
        started["latestDate"] = query.until
    asked = {"domain": connection.domain, "startTimeFilter": started}
    for page in pages.paginate(**asked, **_filter(operation, query)):
        yield from page["executionInfos"]


def _filter(operation: str, query: Query) -> dict[str, Any]:
    """The one filter that Amazon SWF takes with a list; the others are applied to what it gives."""
    if query.workflow_id is not None:
        return {"executionFilter": {"workflowId": query.workflow_id}}
    if query.tag is not None:
        return {"tagFilter": {"tag": query.tag}}
    if query.type is not None:
        version = {} if query.version is None else {"version": query.version}
        return {"typeFilter": {"name": query.type, **version}}
    if query.status not in (None, "OPEN", "CLOSED") and "closed" in operation:
        return {"closeStatusFilter": {"status": query.status}}
    return {}
