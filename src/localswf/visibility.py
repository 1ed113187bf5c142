"""Which executions there are: the open ones from memory, the closed ones from the journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from typing import Any

from localswf import errors
from localswf.describe import execution_info
from localswf.dispatch import Call
from localswf.journal import Journal
from localswf.model import Answer, Request
from localswf.registry import Registry, page_size
from localswf.runs import Runs
from localswf.tokens import Tokens
from localswf.window import Window

Info = dict[str, Any]
"""A WorkflowExecutionInfo, as on the wire."""

Listed = tuple[int, int, Info]
"""The time by which it is listed in milliseconds, its number, and what is told of it."""

_FILTERS = ("closeStatusFilter", "executionFilter", "tagFilter", "typeFilter")


class Visibility:
    """Lists and counts of the open and the closed executions; the counts are exact."""

    def __init__(self, journal: Journal, runs: Runs, registry: Registry, tokens: Tokens) -> None:
        self._journal = journal
        self._runs = runs
        self._registry = registry
        self._tokens = tokens

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        return {
            "CountClosedWorkflowExecutions": lambda call: _count(*self._closed(call.request)),
            "CountOpenWorkflowExecutions": lambda call: _count(*self._open(call.request)),
            "ListClosedWorkflowExecutions": lambda call: self._page(*self._closed(call.request)),
            "ListOpenWorkflowExecutions": lambda call: self._page(*self._open(call.request)),
        }

    def _open(self, request: Request) -> tuple[Request, str, Iterator[Listed]]:
        """The request, the order, and those that are open, the latest started first."""
        self._check(request)
        window = self._window(request, request["startTimeFilter"], "open")
        found = [
            (run.execution.started_at, run.number, execution_info(run.execution))
            for run in self._runs.all_open()
            if run.execution.domain == request["domain"]
        ]
        found.sort(key=itemgetter(0, 1), reverse=not window.ascending)
        return request, "open", (one for one in found if window.holds(*one[:2]))

    def _closed(self, request: Request) -> tuple[Request, str, Iterator[Listed]]:
        """The request, the order, and those that are closed, the latest first.

        The order is by the time that the filter is about.
        """
        self._check(request)
        by_start, by_close = request.get("startTimeFilter"), request.get("closeTimeFilter")
        if (by_start is None) == (by_close is None):
            raise errors.validation("Must specify either startTimeFilter or closeTimeFilter")
        order = "started_at" if by_start else "closed_at"
        window = self._window(request, by_start or by_close or {}, order)
        workflow_id = request.get("executionFilter", {}).get("workflowId")
        domain = request["domain"]
        kept_since = self._registry.kept_since(domain)
        found = self._journal.closed_executions(domain, order, window, kept_since, workflow_id)
        return request, order, found

    def _check(self, request: Request) -> None:
        self._registry.check_domain(request["domain"])
        if sum(name in request for name in _FILTERS) > 1:
            raise errors.validation(f"Must specify at most one of {', '.join(_FILTERS)}")

    def _window(self, request: Request, times: Mapping[str, float], order: str) -> Window:
        oldest = milliseconds(times["oldestDate"])
        ascending, token = bool(request.get("reverseOrder")), request.get("nextPageToken")
        window = Window(oldest, ascending=ascending)
        if "latestDate" in times:
            window = replace(window, latest=milliseconds(times["latestDate"]))
        if token:
            time, number = self._tokens.read(f"executions by {order}", token)
            window = replace(window, after=(time, number))
        return window

    def _page(self, request: Request, order: str, listed: Iterable[Listed]) -> Answer:
        size = page_size(request)
        wanted = (one for one in listed if _is_wanted(one[2], request))
        page = list(islice(wanted, size + 1))
        answer: Answer = {"executionInfos": [info for _, _, info in page[:size]]}
        if len(page) > size:
            time, number, _ = page[size - 1]
            answer["nextPageToken"] = self._tokens.make(f"executions by {order}", time, number)
        return answer


def _count(request: Request, _order: str, listed: Iterable[Listed]) -> Answer:
    count = sum(_is_wanted(info, request) for _, _, info in listed)
    return {"count": count, "truncated": False}


def _is_wanted(info: Info, request: Request) -> bool:
    """Whether the request's filter, if it has one, lets an execution through."""
    if "executionFilter" in request:
        wanted: bool = info["execution"]["workflowId"] == request["executionFilter"]["workflowId"]
    elif "typeFilter" in request:
        # A type filter without a version is about all versions.
        wanted = info["workflowType"].items() >= request["typeFilter"].items()
    elif "tagFilter" in request:
        wanted = request["tagFilter"]["tag"] in info.get("tagList", ())
    elif "closeStatusFilter" in request:
        wanted = info["closeStatus"] == request["closeStatusFilter"]["status"]
    else:
        wanted = True
    return wanted


def milliseconds(wire: float) -> int:
    """A time on the wire, in seconds since the epoch, in milliseconds."""
    return round(wire * 1000)
