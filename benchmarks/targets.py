"""What localswf and swflow are to reach, and whether they did.

CPU time and fsyncs vary little from run to run. Rates vary with the disk and with what else the
machine does; ratios to peers, taken in the same round, a good deal less.
"""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.contest import Run
from benchmarks.contestants import (
    CELERY,
    DBOS_WAL,
    LOCALSWF,
    LOCALSWF_HTTP,
    RESTATE_CALLS,
    RESTATE_STEPS,
    SWFLOW,
    SWFLOW_HTTP,
    TEMPORAL,
    Contestant,
)
from benchmarks.figures import Measure, cpu, memory, ratio, spread, syncs
from benchmarks.report import markdown


class AtMost(NamedTuple):
    """A cost: the median of a contestant's figure at a workload, or the highest of all of them."""

    contestant: Contestant
    workload: str | None
    what: str
    measure: Measure
    bound: float


class TimesAsFast(NamedTuple):
    """A ratio: the median of the rates of the same round."""

    contestant: Contestant
    workload: str
    peer: Contestant
    bound: float


COSTS = (
    AtMost(LOCALSWF_HTTP, "W1", "ms of CPU an activity", cpu, 1.2),
    AtMost(LOCALSWF_HTTP, "W1", "fsyncs an activity", syncs, 1),
    AtMost(LOCALSWF, "W1", "ms of CPU an activity", cpu, 0.5),
    AtMost(LOCALSWF, "W1", "fsyncs an activity", syncs, 0.5),
    AtMost(LOCALSWF, None, "MB", memory, 50),
    AtMost(SWFLOW_HTTP, "W1", "ms of CPU an activity", cpu, 1.6),
    AtMost(SWFLOW, "W1", "ms of CPU an activity", cpu, 0.6),
)
RATIOS = (
    TimesAsFast(LOCALSWF_HTTP, "W1", RESTATE_CALLS, 4),
    TimesAsFast(LOCALSWF_HTTP, "W1", TEMPORAL, 14),
    TimesAsFast(LOCALSWF, "W1", RESTATE_STEPS, 3),
    TimesAsFast(LOCALSWF, "W1", DBOS_WAL, 5),
    TimesAsFast(LOCALSWF, "W3", DBOS_WAL, 4),
    TimesAsFast(LOCALSWF, "W3", RESTATE_STEPS, 4),
    TimesAsFast(LOCALSWF, "W3", CELERY, 4),
    TimesAsFast(SWFLOW_HTTP, "W1", RESTATE_CALLS, 3),
    TimesAsFast(SWFLOW_HTTP, "W1", TEMPORAL, 10),
    TimesAsFast(SWFLOW, "W1", RESTATE_STEPS, 2.5),
)


def table(runs: Sequence[Run]) -> str:
    """Every target that these runs can tell of; empty if there is none."""
    rows = []
    for cost in COSTS:
        found = spread(runs, cost.contestant.name, cost.workload, cost.measure)
        if found is not None:
            where = f"{cost.contestant.name}, {cost.workload or 'all'}"
            aim = f"at most {cost.bound:g} {cost.what}"
            seen = found.median if cost.workload else found.high
            rows.append([where, aim, f"{seen:.2f}", _verdict(holds=seen <= cost.bound)])
    for target in RATIOS:
        name = target.contestant.name
        times = ratio(runs, name, target.peer.name, target.workload)
        if times is not None:
            aim = f"at least {target.bound:g} times {target.peer.name}"
            holds = times.median >= target.bound
            where = f"{name}, {target.workload}"
            rows.append([where, aim, f"{times.median:.1f}", _verdict(holds=holds)])
    return markdown(["", "target", "seen", ""], rows) if rows else ""


def _verdict(*, holds: bool) -> str:
    return "holds" if holds else "missed"
