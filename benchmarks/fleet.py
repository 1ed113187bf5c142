"""What Ansible costs: `python -m benchmarks.fleet --hosts 2 4`.

A run of `site.yml` that changes nothing, a deploy of new code and a rollback, with the settings of
`ansible.cfg` and with Ansible's own beside them: seconds, and CPU time of this machine and of the
hosts. These are containers of the benchmark's own, which it makes and removes.
"""

import argparse
import io
import itertools
import json
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.fleet_hosts import OURS, ROOT, STOCK, FailedError, Fleet
from benchmarks.report import markdown

_SETTINGS = {"ours": OURS, "stock": STOCK}
_RELEASES = ROOT / "var/release"


class Run(NamedTuple):
    """One run of a playbook; seconds of CPU on this machine, and on the hosts."""

    what: str
    hosts: int
    settings: str
    seconds: float
    here: float
    there: float

    @property
    def cpu(self) -> float:
        """Seconds of CPU on this machine and on the hosts."""
        return self.here + self.there


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write every run down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[2, 4], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "var/benchmarks")
    parser.add_argument("--keep", action="store_true", help="leave the hosts for the next time")
    options = parser.parse_args(arguments)
    if min(options.hosts) < 2:  # noqa: PLR2004 - one with the database, one that works
        parser.error("--hosts: a pipeline has two hosts at least.")
    folder = options.folder.resolve()
    fleet = Fleet(folder / "fleet", options.hosts)
    try:
        with _hosts(fleet, keep=options.keep):
            runs = list(_rounds(fleet, options.hosts, options.rounds))
    except FailedError as error:
        sys.exit(f"benchmarks.fleet: {error}")
    table = report(runs)
    (folder / "fleet.json").write_text(json.dumps([each._asdict() for each in runs], indent=2))
    (folder / "fleet.md").write_text(f"{table}\n")
    sys.stdout.write(f"{table}\n")
    return 0


def report(runs: Sequence[Run]) -> str:
    """Medians, and the medians of the ratios from round to round."""
    head = ["what", "hosts", *_SETTINGS, "stock / ours: seconds", "stock / ours: CPU"]
    rows = []
    for what, hosts in dict.fromkeys((each.what, each.hosts) for each in runs):
        ours, stock = (
            [run for run in runs if run[:3] == (what, hosts, each)] for each in _SETTINGS
        )
        pairs = list(zip(ours, stock, strict=True))
        slower = median(theirs.seconds / mine.seconds for mine, theirs in pairs)
        dearer = median(theirs.cpu / mine.cpu for mine, theirs in pairs)
        figures = [_figures(ours), _figures(stock), f"{slower:.1f}", f"{dearer:.1f}"]
        rows.append([what, str(hosts), *figures])
    return markdown(head, rows)


def _figures(runs: Sequence[Run]) -> str:
    seconds, here, there = (
        median(each)
        for each in zip(*((run.seconds, run.here, run.there) for run in runs), strict=True)
    )
    return f"{seconds:.1f} s ({here:.1f} + {there:.1f} s of CPU)"


@contextmanager
def _hosts(fleet: Fleet, *, keep: bool) -> Iterator[None]:
    try:
        if not (keep and fleet.exists()):
            fleet.create()
        yield
    finally:
        if not keep:
            fleet.destroy()


def _rounds(fleet: Fleet, numbers: Sequence[int], rounds: int) -> Iterator[Run]:
    """Every playbook with every setting; who is first changes from round to round."""
    fleet.play("playbooks/site.yml", max(numbers))
    releases = _new_releases()
    for number, hosts in itertools.product(range(rounds), numbers):
        for name in list(_SETTINGS)[:: -1 if number % 2 else 1]:
            yield from _three(fleet, hosts, name, next(releases))


def _three(fleet: Fleet, hosts: int, name: str, release: str) -> Iterator[Run]:
    """A deploy whose rollback leaves the hosts as they were."""
    for what, playbook, variables in (
        ("no-op", "site", []),
        ("deploy", "deploy", [f"release={release}"]),
        ("rollback", "rollback", []),
    ):
        before = fleet.cpu_seconds(hosts)
        played = fleet.play(f"playbooks/{playbook}.yml", hosts, _SETTINGS[name], variables)
        there = fleet.cpu_seconds(hosts) - before
        run = Run(what, hosts, name, played.seconds, played.cpu_seconds, there)
        if (what == "no-op") != (played.changed == 0):
            raise FailedError(f"{playbook}.yml changed {played.changed} things.")
        sys.stderr.write(f"{what}, {hosts} hosts, {name}: {_figures([run])}\n")
        yield run
    fleet.play("playbooks/site.yml", hosts)  # localswf is not rolled back


def _new_releases() -> Iterator[str]:
    """The newest release under other names: new code in which nothing is new."""
    newest = max(_RELEASES.glob("[0-9]*.tar"), key=lambda path: path.stat().st_mtime)
    start = int(time.time())
    made: list[Path] = []
    try:
        for number in itertools.count(start):
            release = f"{newest.stem.partition('-')[0]}-benchmark{number}"
            made.append(_RELEASES / f"{release}.tar")
            _copy_as(newest, made[-1])
            yield release
    finally:
        for each in made:
            each.unlink()


def _copy_as(archive: Path, copy: Path) -> None:
    with tarfile.open(archive) as source, tarfile.open(copy, "w") as target:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            member.name = member.name.replace(archive.stem, copy.stem)
            target.addfile(member, io.BytesIO(content.read()) if content else None)


if __name__ == "__main__":
    sys.exit(main())
