"""Whether a chain of activities takes linear time: `python -m benchmarks.swflow_chain`.

One workflow of many activities, one after the other: what each costs must not grow with how many
there were. After 20,000 events the workflow goes on as a new execution.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.contest import ROOT, Run, compete
from benchmarks.contestants import SWFLOW, SWFLOW_HTTP
from benchmarks.figures import cpu, rate
from benchmarks.installation import Installed
from benchmarks.report import markdown
from benchmarks.workloads import Workload

_VAR = ROOT / "var" / "benchmarks"
_LIMIT = 1_800.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run chains, print a table and write it down; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.swflow_chain", description="Chains of activities."
    )
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[500, 1_000, 2_500, 5_000], metavar="N"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many (%(default)s)")
    parser.add_argument("--folder", type=Path, default=_VAR, help="where the table goes")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=options.folder) as folder:
        runs = list(_runs(options.lengths, options.rounds, Path(folder)))
    summary = _table(runs)
    print(summary)
    (options.folder / "swflow_chain.md").write_text(f"{summary}\n")
    return 0


def _runs(lengths: Sequence[int], rounds: int, folder: Path) -> Iterator[Run]:
    chains = [
        Workload(f"{length:,}", workflows=1, clients=1, activities=length) for length in lengths
    ]
    ours = Installed(Path(sys.executable))
    for number in range(1, rounds + 1):
        for contestant in (SWFLOW_HTTP, SWFLOW):
            yield from compete(
                contestant, ours, chains, folder / "data", number=number, limit=_LIMIT
            )


def _table(runs: Sequence[Run]) -> str:
    """The cost of each activity, the median of the rounds, by the chain's length."""
    names = list(dict.fromkeys(run.contestant for run in runs))
    lengths = list(dict.fromkeys(run.workload for run in runs))
    head = [
        "activities",
        *(f"{name}: {what}" for name in names for what in ("CPU ms/act", "act/s")),
    ]
    rows = []
    for length in lengths:
        row = [length]
        for name in names:
            found = [run for run in runs if (run.contestant, run.workload) == (name, length)]
            row += [f"{median(map(cpu, found)):.2f}", f"{median(map(rate, found)):,.0f}"]
        rows.append(row)
    return markdown(head, rows)


if __name__ == "__main__":
    sys.exit(main())
