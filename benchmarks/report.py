"""What runs come to, as tables in Markdown."""

from collections.abc import Iterable, Sequence

from benchmarks.contest import Run
from benchmarks.contestants import CONTESTANTS, LOCALSWF, LOCALSWF_HTTP, OURS, Contestant
from benchmarks.figures import Measure, Spread, cpu, memory, rate, ratio, spread, syncs

NONE = "-"


def table(runs: Sequence[Run]) -> str:
    """Every contestant with what it did and used: medians, and the spread of the rates."""
    workloads, names = _workloads(runs), _contestants(runs)
    head = ["contestant", *(f"{workload} act/s" for workload in workloads)]
    head += [f"CPU ms/act {'/'.join(workloads)}", f"fsyncs/act {'/'.join(workloads)}", "MB"]
    rows = [
        [
            name,
            *(_wide(spread(runs, name, workload, rate), ",.0f") for workload in workloads),
            " / ".join(_narrow(spread(runs, name, w, cpu), ".2f") for w in workloads),
            " / ".join(_narrow(spread(runs, name, w, syncs), ".2f") for w in workloads),
            _highest(spread(runs, name, None, memory)),
        ]
        for name in names
    ]
    return markdown(head, rows)


def ratios(
    runs: Sequence[Run],
    what: str,
    measure: Measure,
    ours: Sequence[Contestant] = (LOCALSWF_HTTP, LOCALSWF),
) -> str:
    """How many times the figure of each of the peers ours is, from round to round.

    Args:
        runs: of all.
        what: what the table's head calls it.
        measure: a figure that is better the higher it is.
        ours: who is compared with the peers.
    """
    ran = _contestants(runs)
    all_ours = {us.name for each in OURS for us in each}
    names = [us.name for us in ours if us.name in ran]
    columns = [(us, workload) for us in names for workload in _workloads(runs)]
    rows = [
        [peer, *(_wide(ratio(runs, us, peer, w, measure), ".1f") for us, w in columns)]
        for peer in ran
        if peer not in all_ours
    ]
    head = [what, *(f"{us}: {workload}" for us, workload in columns)]
    return markdown(head, rows) if columns and rows else ""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _wide(found: Spread | None, form: str) -> str:
    if found is None:
        return NONE
    return f"{found.median:{form}} ({found.low:{form}} to {found.high:{form}})"


def _narrow(found: Spread | None, form: str) -> str:
    return NONE if found is None else f"{found.median:{form}}"


def _highest(found: Spread | None) -> str:
    return NONE if found is None else f"{found.high:.0f}"


def _workloads(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys(run.workload for run in runs))


def _contestants(runs: Iterable[Run]) -> list[str]:
    return sorted({run.contestant for run in runs}, key=_place)


def _place(name: str) -> int:
    names = [contestant.name for contestant in CONTESTANTS]
    return names.index(name) if name in names else len(names)
