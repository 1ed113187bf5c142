"""Numbers for Prometheus: how requests fare, and how the service is doing.

Nothing is kept up to date but the requests' counts; the rest is read when somebody asks. Labels
name operations and outcomes, never domains, types or lists, so their number is bounded and nothing
of the users' is told.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator
from importlib import metadata
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from localswf.model import operations
from localswf.status import Load, Status

SUCCESS = "success"
_UNKNOWN = "unknown"

# Seconds; a long poll that finds nothing takes 60.
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 65.0)


class _Times:
    """How long requests took: how many up to each bound, and all of it."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: each with all that is in those before it."""
        names = (*map(str, _BOUNDS), "+Inf")
        return list(zip(names, accumulate(self.counts), strict=True))


class RequestTimes:
    """How many requests there were, and how long they took, by operation and outcome."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], _Times] = {}

    def record(self, operation: str, outcome: str, seconds: float) -> None:
        """Count a request.

        Args:
            operation: as the client named it.
            outcome: the error's code, or `SUCCESS`.
            seconds: from its last byte to its answer.
        """
        times = self._times.get((operation, outcome)) or self._add(operation, outcome)
        times.counts[bisect_left(_BOUNDS, seconds)] += 1
        times.total += seconds

    def collect(self) -> Metric:
        """All of it."""
        family = HistogramMetricFamily(
            "localswf_request_seconds",
            "Requests by operation and outcome (an error's code, or success), and how long they "
            "took, from the last byte in to the first byte out.",
            labels=("operation", "outcome"),
        )
        for labels, times in self._times.items():
            family.add_metric(labels, times.buckets(), times.total)
        return family

    def _add(self, operation: str, outcome: str) -> _Times:
        # What clients make up must not make the labels any more.
        name = operation if operation in operations() else _UNKNOWN
        return self._times.setdefault((name, outcome), _Times())


class Metrics(Collector):
    """All metrics of a server."""

    def __init__(self, status: Callable[[], Status]) -> None:
        """`status` tells how the service is doing now."""
        self.requests = RequestTimes()
        self._status = status
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not read the service to take this."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        status = self._status()
        writing = status.writing
        yield self.requests.collect()
        yield InfoMetricFamily(
            "localswf_build",
            "What is running.",
            value={"version": metadata.version("vib"), "sqlite": sqlite3.sqlite_version},
        )
        yield _gauge("open_executions", "Executions that are open.", status.open_executions)
        yield from _loads({"decision": status.decisions, "activity": status.activities})
        yield _gauge(
            "deadline_lag_seconds",
            "How long the first deadline (timeout, timer, poll) has been overdue.",
            status.deadline_lag,
        )
        yield _counter("events", "History events written.", writing.events)
        yield _counter("commits", "Commits that are on disk.", writing.commits)
        yield _counter("commit_seconds", "How long these took.", writing.commit_seconds)
        yield _gauge("queued_changes", "Changes that wait to be committed.", status.queued)
        yield _gauge(
            "disk_refuses",
            "1 while the data file cannot be written, else 0.",
            int(writing.failure is not None),
        )
        yield _labelled(
            "data_file_bytes", "Size of the data file by its parts.", "part", status.file_sizes
        )

    def render(self, accept: str) -> tuple[str, bytes]:
        """The content type and the text, in the format that an Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)


def _loads(loads: dict[str, Load]) -> Iterator[Metric]:
    tasks = {kind: load.tasks for kind, load in loads.items()}
    pollers = {kind: load.pollers for kind, load in loads.items()}
    yield _labelled("waiting_tasks", "Tasks that no poller has taken yet.", "kind", tasks)
    yield _labelled("waiting_pollers", "Long polls that wait for a task.", "kind", pollers)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"localswf_{name}", help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"localswf_{name}", help_text, value=value)


def _labelled(name: str, help_text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"localswf_{name}", help_text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
