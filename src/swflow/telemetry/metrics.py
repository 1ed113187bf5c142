"""How a decider or a worker is doing, in numbers for Prometheus, if somebody wants to know.

Counting costs next to nothing until `served` is asked for; prometheus_client is imported then.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from swflow.errors import SwflowError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry

_LOOK = 0.5
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600)


_Start = Callable[[], "tuple[WSGIServer, threading.Thread]"]


class _Numbers:
    def __init__(self, registry: "CollectorRegistry | None") -> None:
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415 - only if wanted

        self.calls = Counter(
            "swflow_calls",
            "Calls of Amazon SWF: polls, answers, heartbeats; the outcome is ok or a fault.",
            ("operation", "outcome"),
            registry=registry,
        )
        self.lost = Counter(
            "swflow_lost_calls", "Calls that got no answer.", ("error",), registry=registry
        )
        self.decisions = Histogram(
            "swflow_decision_seconds",
            "Time for a decision task, until its answer was taken; replay is kept or full.",
            ("type", "replay", "outcome"),
            registry=registry,
            buckets=_BUCKETS,
        )
        self.kept = Gauge(
            "swflow_kept_executions",
            "Executions kept in memory between their decisions.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.evictions = Counter(
            "swflow_evictions", "Kept executions that had to make room.", registry=registry
        )
        self.activities = Histogram(
            "swflow_activity_seconds",
            "Time for an activity task, until its answer was taken.",
            ("type", "outcome"),
            registry=registry,
            buckets=_BUCKETS,
        )


_numbers: _Numbers | None = None


def called(operation: str, outcome: str) -> None:
    """A call was answered."""
    if _numbers is not None:
        _numbers.calls.labels(operation, outcome).inc()


def lost(error: Exception) -> None:
    """A call got no answer."""
    if _numbers is not None:
        _numbers.lost.labels(type(error).__name__).inc()


def decided(kind: str, replay: str, outcome: str, seconds: float) -> None:
    """A decision task was answered, or was not."""
    if _numbers is not None:
        _numbers.decisions.labels(kind, replay, outcome).observe(seconds)


def kept(executions: int, evictions: int) -> None:
    """So many executions are kept; so many had to make room just now."""
    if _numbers is not None:
        _numbers.kept.set(executions)
        _numbers.evictions.inc(evictions)


def worked(kind: str, outcome: str, seconds: float) -> None:
    """An activity task was answered, or was not."""
    if _numbers is not None:
        _numbers.activities.labels(kind, outcome).observe(seconds)


@contextmanager
def served(port: int | None, *, children: bool = False) -> Iterator[None]:
    """Serve the numbers on this port of this machine alone, at /metrics.

    Args:
        port: 0 to 65535; None to serve and count nothing.
        children: whether forked processes count, too. No other part of the program may have
            imported prometheus_client then: it decides at its import where it counts.

    Raises:
        SwflowError: the port cannot be had.
    """
    global _numbers  # noqa: PLW0603 - one per process, as its registry
    if port is None:
        yield
        return
    with TemporaryDirectory(prefix="swflow-metrics-") as folder:
        if children:
            os.environ[_SHARED] = folder
        from prometheus_client import (  # noqa: PLC0415 - only if wanted, and not before this
            CollectorRegistry,
            start_http_server,
        )
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = CollectorRegistry()
        if children:
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        _numbers = _Numbers(None if children else registry)
        serving = _served_by_child if children else _served_by_thread
        try:
            with serving(lambda: start_http_server(port, "127.0.0.1", registry)):
                yield
        except _PortError as error:
            raise SwflowError(f"metrics cannot be served on port {port}: {error}") from error
        finally:
            _numbers = None


class _PortError(Exception):
    pass


@contextmanager
def _served_by_thread(start: _Start) -> Iterator[None]:
    try:
        server, thread = start()
    except OSError as error:
        raise _PortError(str(error)) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _served_by_child(start: _Start) -> Iterator[None]:
    """By a process of its own: one that forks workers must not have a second thread."""
    context, parent = multiprocessing.get_context("fork"), os.getpid()
    receiver, sender = context.Pipe(duplex=False)

    def serve() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody
        try:
            start()
        except OSError as error:
            sender.send(str(error))
            return
        sender.send("")
        while os.getppid() == parent:
            time.sleep(_LOOK)

    child = context.Process(target=serve, name="swflow-metrics", daemon=True)
    child.start()
    try:
        problem = receiver.recv()
        if problem:
            raise _PortError(problem)
        yield
    finally:
        child.terminate()
        child.join()
