"""Which executions there are: lists and counts, from disk."""

import json
from collections.abc import Callable, Mapping
from functools import partial

from localswf import errors
from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.registry import Registry, page_size
from localswf.engine.tokens import Tokens
from localswf.model import Answer, Request
from localswf.store.journal import Journal
from localswf.store.listing import Listing

_COUNTED = 1000  # Amazon SWF has such a limit and does not say which
_FILTERS = ("closeStatusFilter", "executionFilter", "tagFilter", "typeFilter")


class Visibility:
    """Lists and counts of the open and the closed executions.

    Counts go up to a limit, and say so where there are more; so they cost the same, however many
    there are.

    Each is read from disk once everything written before it is there, so it tells of all that was
    answered before it was asked for, and of nothing that a crash could undo.
    """

    def __init__(
        self, journal: Journal, registry: Registry, dispatcher: Dispatcher, tokens: Tokens
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._dispatcher = dispatcher
        self._tokens = tokens

    def handlers(self) -> Mapping[str, Callable[[Call], None]]:
        """What carries out each operation, by its name."""
        return {
            "CountClosedWorkflowExecutions": lambda call: self._count(call, self._closed),
            "CountOpenWorkflowExecutions": lambda call: self._count(call, self._open),
            "ListClosedWorkflowExecutions": lambda call: self._list(call, self._closed),
            "ListOpenWorkflowExecutions": lambda call: self._list(call, self._open),
        }

    def _count(self, call: Call, which: Callable[[Request], Listing]) -> None:
        listing = which(call.request)
        self._dispatcher.settle_from_disk(call, partial(self._counted, listing))

    def _counted(self, listing: Listing) -> Answer:
        found = self._journal.count(listing, _COUNTED + 1)
        return {"count": min(found, _COUNTED), "truncated": found > _COUNTED}

    def _list(self, call: Call, which: Callable[[Request], Listing]) -> None:
        listing, size = which(call.request), page_size(call.request)
        self._dispatcher.settle_from_disk(call, partial(self._page, listing, size))

    def _page(self, listing: Listing, size: int) -> Answer:
        found = self._journal.listed(listing, size + 1)
        infos = ",".join(execution.info for execution in found[:size])
        answer: Answer = {"executionInfos": json.loads(f"[{infos}]")}
        if len(found) > size:
            position = listing.position(found[size - 1])
            answer["nextPageToken"] = self._tokens.make(_token_kind(listing), *position)
        return answer

    def _open(self, request: Request) -> Listing:
        return self._listing(request, request["startTimeFilter"], closed=False)

    def _closed(self, request: Request) -> Listing:
        by_start, by_close = request.get("startTimeFilter"), request.get("closeTimeFilter")
        if (by_start is None) == (by_close is None):
            # That the domain is there is looked at first.
            self._registry.check_domain(request["domain"])
            raise errors.validation("Must specify either startTimeFilter or closeTimeFilter")
        times = by_start or by_close or {}
        return self._listing(request, times, closed=True, by_close=by_start is None)

    def _listing(
        self,
        request: Request,
        times: Mapping[str, float],
        *,
        closed: bool,
        by_close: bool = False,
    ) -> Listing:
        domain = request["domain"]
        self._registry.check_domain(domain)
        if sum(name in request for name in _FILTERS) > 1:
            raise errors.validation(f"Must specify at most one of {', '.join(_FILTERS)}")
        index, values = _filter(request)
        listing = Listing(
            closed=closed,
            by_close=by_close,
            index=index,
            values=(domain, *values),
            oldest=milliseconds(times["oldestDate"]),
            latest=milliseconds(times["latestDate"]) if "latestDate" in times else None,
            closed_after=self._registry.kept_since(domain),
            ascending=bool(request.get("reverseOrder")),
        )
        token = request.get("nextPageToken")
        if token:
            listing.after = tuple(self._tokens.read(_token_kind(listing), token))
        return listing


def _filter(request: Request) -> tuple[str, tuple[str, ...]]:
    """What the executions asked for have in common: the name of an index, and its values."""
    if "executionFilter" in request:
        return "id", (request["executionFilter"]["workflowId"],)
    if "typeFilter" in request:
        wanted = request["typeFilter"]
        # A type filter without a version is about all versions.
        if wanted.get("version"):
            return "version", (wanted["name"], wanted["version"])
        return "type", (wanted["name"],)
    if "tagFilter" in request:
        return "tag", (request["tagFilter"]["tag"],)
    if "closeStatusFilter" in request:
        return "status", (request["closeStatusFilter"]["status"],)
    return "all", ()


def _token_kind(listing: Listing) -> str:
    which = "closed" if listing.closed else "open"
    return f"{which} executions by {'close' if listing.by_close else 'start'}"


def milliseconds(wire: float) -> int:
    """A time on the wire, in seconds since the epoch, in milliseconds."""
    return round(wire * 1000)
