"""What runs come to: rates and costs an activity, medians, spreads and ratios."""

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.contest import Run

Measure = Callable[[Run], float]


class Spread(NamedTuple):
    """The median of some rounds, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """The spread of values; None if there are none."""
        found = list(values)
        return cls(median(found), min(found), max(found)) if found else None


def rate(run: Run) -> float:
    """Activities a second."""
    return run.activities / run.seconds


def thrift(run: Run) -> float:
    """Activities for a second of CPU time."""
    return run.activities / run.cpu_seconds


def cpu(run: Run) -> float:
    """Milliseconds of CPU time an activity, over all processes."""
    return run.cpu_seconds / run.activities * 1000


def memory(run: Run) -> float:
    """Megabytes at most."""
    return run.megabytes


def syncs(run: Run) -> float:
    """Calls of fsync and fdatasync an activity."""
    return (run.syncs or 0) / run.activities


def spread(
    runs: Sequence[Run], contestant: str, workload: str | None, measure: Measure
) -> Spread | None:
    """A contestant's figure at a workload, or at all; fsyncs come from runs of their own."""
    counting = measure is syncs
    return Spread.of(
        measure(run)
        for run in runs
        if run.contestant == contestant
        and workload in (None, run.workload)
        and (run.syncs is not None) == counting
    )


def ratio(
    runs: Sequence[Run], ours: str, peer: str, workload: str, measure: Measure = rate
) -> Spread | None:
    """How many times a peer's figure a contestant's is, from round to round."""
    figures = {
        (run.contestant, run.round): measure(run)
        for run in runs
        if run.workload == workload and run.syncs is None
    }
    return Spread.of(
        found / figures[peer, number]
        for (contestant, number), found in figures.items()
        if contestant == ours and (peer, number) in figures
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of all values does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]
