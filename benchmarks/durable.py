"""Durable execution side by side: `python -m benchmarks.durable --rounds 3`.

Every round runs every contestant once, in an order that moves on by one from round to round. What a
contestant calls of fsync and fdatasync is counted by strace in a shorter run of its own, so that
counting does not disturb the times.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import figures, report, targets
from benchmarks.contest import ROOT, FailedError, Run, compete
from benchmarks.contestants import CONTESTANTS, OURS, Contestant
from benchmarks.installation import CACHE, Installed, UnavailableError, install
from benchmarks.workloads import WORKLOADS

_VAR = ROOT / "var" / "benchmarks"
_COUNTED_SHARE = 0.2

Ready = tuple[Contestant, Installed]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contest, print its tables and write them down; returns the exit status."""
    options = _options(arguments)
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    contestants = _installed(options.contestants, options.cache)
    runs: list[Run] = []
    for number in range(1, options.rounds + 1):
        print(f"Round {number} of {options.rounds}.", flush=True)
        first = (number - 1) % max(len(contestants), 1)
        for ready in contestants[first:] + contestants[:first]:
            runs += _run(ready, options, number=number, counting=False)
    if options.syncs and shutil.which("strace"):
        print("Counting fsyncs.", flush=True)
        for ready in contestants:
            runs += _run(ready, options, number=0, counting=True)
    elif options.syncs:
        print("There is no strace on this machine, so no fsyncs are counted.")
    if not runs:
        sys.stderr.write("Nothing was measured.\n")
        return 1
    tables = [report.table(runs)]
    for ours in OURS:
        tables += [
            report.ratios(runs, "times as fast as", figures.rate, ours),
            report.ratios(runs, "times as much for the same CPU time as", figures.thrift, ours),
        ]
    tables.append(targets.table(runs))
    summary = "\n\n".join(filter(None, tables)) + "\n"
    print(f"\n{summary}")
    (folder / "durable.md").write_text(summary)
    (folder / "durable.json").write_text(json.dumps([asdict(run) for run in runs], indent=1))
    return 0


def _installed(contestants: Sequence[Contestant], cache: Path) -> list[Ready]:
    """Those that can run on this machine."""
    ready = []
    for contestant in contestants:
        try:
            ready.append((contestant, install(contestant, cache)))
        except UnavailableError as error:
            print(f"{contestant.name} is left out: {error}.")
    return ready


def _run(ready: Ready, options: argparse.Namespace, *, number: int, counting: bool) -> list[Run]:
    """One contestant's turn, as far as it comes."""
    scale = options.scale * (_COUNTED_SHARE if counting else 1)
    workloads, runs = [workload.scaled(scale) for workload in WORKLOADS], []
    data = options.folder / "data"
    try:
        for run in compete(
            *ready, workloads, data, number=number, limit=options.limit, counting=counting
        ):
            print(f"  {_line(run)}", flush=True)
            runs.append(run)
    except FailedError as error:
        print(f"  {ready[0].name} failed: {error}")
    return runs


def _line(run: Run) -> str:
    if run.syncs is not None:
        return f"{run.contestant}, {run.workload}: {figures.syncs(run):.2f} fsyncs/act"
    return (
        f"{run.contestant}, {run.workload}: {figures.rate(run):,.0f} act/s, "
        f"{figures.cpu(run):.2f} ms CPU/act, {run.megabytes:.0f} MB; "
        f"a fdatasync took {run.disk_milliseconds:.2f} ms just before"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = "; ".join(contestant.name for contestant in CONTESTANTS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.durable", description="Durable execution side by side."
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many (%(default)s)")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORD", help=f"those named like this, of {names}"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of each workload (%(default)s)"
    )
    parser.add_argument(
        "--limit", type=float, default=300.0, help="seconds a workload may take (%(default)s)"
    )
    parser.add_argument(
        "--no-syncs", dest="syncs", action="store_false", help="do not count fsyncs"
    )
    parser.add_argument(
        "--folder", type=Path, default=_VAR, help="where data and results go; on a disk"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="where peers are installed (%(default)s)"
    )
    options = parser.parse_args(arguments)
    words = [word.lower() for word in options.only]
    options.contestants = [c for c in CONTESTANTS if any(w in c.name.lower() for w in words)]
    if not options.contestants:
        parser.error(f"--only {' '.join(options.only)}: nobody is named like this, of {names}")
    return options


if __name__ == "__main__":
    sys.exit(main())
