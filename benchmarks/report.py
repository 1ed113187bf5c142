"""Medians, spreads and ratios, as a Markdown table."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.contest import Run
from benchmarks.contestants import LOCALSWF, LOCALSWF_HTTP

NONE = "-"
Measure = Callable[[Run], float]


class Spread(NamedTuple):
    """The median of some rounds, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))


def rate(run: Run) -> float:
    """Activities a second."""
    return run.activities / run.seconds


def cpu(run: Run) -> float:
    """Milliseconds of CPU time an activity, over all processes."""
    return run.cpu_seconds / run.activities * 1000


def memory(run: Run) -> float:
    """Megabytes at most."""
    return run.megabytes


def syncs(run: Run) -> float:
    """Calls of fsync and fdatasync an activity."""
    return (run.syncs or 0) / run.activities


def table(runs: Sequence[Run]) -> str:
    """Every contestant with what it did and used: medians, and the spread of the rates."""
    timed = [run for run in runs if run.syncs is None]
    counted = [run for run in runs if run.syncs is not None]
    workloads = _unique(run.workload for run in timed)
    head = ["contestant", *(f"{name} act/s" for name in workloads)]
    head += [f"CPU ms/act {'/'.join(workloads)}", f"fsyncs/act {'/'.join(workloads)}", "MB"]
    rows = [head, ["---"] * len(head)]
    for name in _unique(run.contestant for run in timed):
        row = [name, *(_rate_cell(timed, name, workload) for workload in workloads)]
        row.append(" / ".join(_cell(timed, name, w, cpu) for w in workloads))
        row.append(" / ".join(_cell(counted, name, w, syncs) for w in workloads))
        row.append(f"{max(map(memory, of(timed, name, None))):.0f}")
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def ratios(runs: Sequence[Run]) -> str:
    """How many times as many activities a second as each of the others, round by round."""
    timed = [run for run in runs if run.syncs is None]
    workloads = _unique(run.workload for run in timed)
    names = _unique(run.contestant for run in timed)
    ours = [us.name for us in (LOCALSWF_HTTP, LOCALSWF) if us.name in names]
    head = ["times as fast as", *(f"{us}: {name}" for us in ours for name in workloads)]
    rows = [head, ["---"] * len(head)]
    for peer in names:
        if peer not in ours:
            pairs = [(us, workload) for us in ours for workload in workloads]
            rows.append([peer, *(_ratio_cell(timed, us, peer, w) for us, w in pairs)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def of(runs: Sequence[Run], contestant: str, workload: str | None) -> list[Run]:
    """A contestant's runs of a workload, or of all, in the order of the rounds."""
    return [r for r in runs if r.contestant == contestant and workload in (None, r.workload)]


def _ratio_cell(runs: Sequence[Run], us: str, peer: str, workload: str) -> str:
    pairs = zip(of(runs, us, workload), of(runs, peer, workload), strict=False)
    found = [rate(ours) / rate(theirs) for ours, theirs in pairs]
    if not found:
        return NONE
    spread = Spread.of(found)
    return f"{spread.median:.1f} ({spread.low:.1f}-{spread.high:.1f})"


def _rate_cell(runs: Sequence[Run], contestant: str, workload: str) -> str:
    rates = [rate(run) for run in of(runs, contestant, workload)]
    if not rates:
        return NONE
    spread = Spread.of(rates)
    return f"{spread.median:,.0f} ({spread.low:,.0f}-{spread.high:,.0f})"


def _cell(runs: Sequence[Run], contestant: str, workload: str, measure: Measure) -> str:
    values = [measure(run) for run in of(runs, contestant, workload)]
    return f"{median(values):.2f}" if values else NONE


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
