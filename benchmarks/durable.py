"""Durable execution side by side: `python -m benchmarks.durable --rounds 3`.

Every round runs every contestant once, in an order that moves on by one from round to round. What a
contestant calls of fsync and fdatasync is counted by strace in a run of its own.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import contest, report
from benchmarks.contest import ROOT, FailedError, Run
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.installation import CACHE, Installed, UnavailableError, install
from benchmarks.workloads import WORKLOADS

_VAR = ROOT / "var" / "benchmarks"

Ready = tuple[Contestant, Installed]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contest; returns the exit status."""
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    chosen = _installed([c for c in CONTESTANTS if _is_wanted(c, options.only)], options.cache)
    runs: list[Run] = []
    for number in range(options.rounds):
        print(f"Round {number + 1} of {options.rounds}.")
        turn = number % len(chosen)
        for contestant, installed in chosen[turn:] + chosen[:turn]:
            runs += _run(contestant, installed, options, counting=False)
    if options.syncs and not shutil.which("strace"):
        print("There is no strace on this machine, so no fsyncs are counted.")
    elif options.syncs:
        print("Counting fsyncs.")
        for contestant, installed in chosen:
            runs += _run(contestant, installed, options, counting=True)
    print(f"\n{report.table(runs)}\n\n{report.ratios(runs)}")
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


def _run(
    contestant: Contestant, installed: Installed, options: argparse.Namespace, *, counting: bool
) -> list[Run]:
    workloads, data = [w.scaled(options.scale) for w in WORKLOADS], options.folder / "data"
    try:
        runs = contest.run(
            contestant, installed, workloads, data, limit=options.limit, counting=counting
        )
    except FailedError as error:
        print(f"  {contestant.name} failed: {error}")
        return []
    for run in runs:
        cost = f"{run.syncs} fsyncs" if counting else f"{report.cpu(run):.2f} ms CPU/act"
        line = f"{report.rate(run):,.0f} act/s, {cost}, {run.megabytes:.0f} MB"
        line += f"; a fdatasync took {run.disk_milliseconds:.2f} ms before"
        print(f"  {contestant.name}, {run.workload}: {line}", flush=True)
    return runs


def _is_wanted(contestant: Contestant, only: Sequence[str]) -> bool:
    return not only or any(word.lower() in contestant.name.lower() for word in only)


def _parser() -> argparse.ArgumentParser:
    names = "; ".join(contestant.name for contestant in CONTESTANTS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.durable", description="Durable execution side by side."
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many (%(default)s)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help=f"those named like this, of {names}"
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
    return parser


if __name__ == "__main__":
    sys.exit(main())
