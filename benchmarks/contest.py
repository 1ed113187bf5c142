"""Runs a contestant and measures what it does and uses."""

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from benchmarks import measure
from benchmarks.contestants import Contestant
from benchmarks.installation import Installed
from benchmarks.session import DONE, READY
from benchmarks.workloads import WARM_UP, Workload

ROOT = Path(__file__).parents[1]
_STARTS_WITHIN = 90.0
_ENDS_WITHIN = 20.0
_LAST_WORDS = 2000


class FailedError(Exception):
    """A contestant failed; the message says at what, and ends with what it wrote last."""


@dataclass(frozen=True)
class Run:
    """One contestant's run of one workload.

    Attributes:
        contestant: its name.
        workload: the workload's name.
        round: the round's number.
        activities: how many activities there were.
        seconds: how long it took.
        cpu_seconds: CPU time of all its processes.
        megabytes: the highest memory of all its processes until then.
        disk_milliseconds: how long a fdatasync took just before.
        syncs: how many fsync and fdatasync calls, in a counting run; None in a timed one.
    """

    contestant: str
    workload: str
    round: int
    activities: int
    seconds: float
    cpu_seconds: float
    megabytes: float
    disk_milliseconds: float
    syncs: int | None = None


def compete(
    contestant: Contestant,
    installed: Installed,
    workloads: Sequence[Workload],
    folder: Path,
    *,
    number: int,
    limit: float,
    counting: bool = False,
) -> Iterator[Run]:
    """Run workloads one after the other on a contestant that starts with no data.

    Args:
        contestant: who.
        installed: what it is run with.
        workloads: what it is given.
        folder: where its data goes; made, and removed afterwards.
        number: the round's.
        limit: how many seconds a workload may take.
        counting: count calls of fsync and fdatasync, which disturbs the times.

    Raises:
        FailedError: it did not start, or did not carry out a workload in time.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trace = folder.with_suffix(".strace")
    prefix = measure.under_strace(trace) if counting else []
    command = [*prefix, str(installed.python), "-m", contestant.module, str(folder)]
    command += [*installed.arguments, *contestant.arguments]
    with _process(command, folder.with_suffix(".log")) as (process, log):
        _expect(process, READY, _STARTS_WITHIN, log)
        for workload in (WARM_UP, *(w.scaled(contestant.share) for w in workloads)):
            disk = measure.sync_milliseconds(folder)
            syncs = measure.syncs(trace) if counting else 0
            start, used = time.perf_counter(), measure.cpu_seconds(measure.tree(process.pid))
            _say(process, json.dumps(asdict(workload)))
            _expect(process, DONE, limit, log)
            seconds, pids = time.perf_counter() - start, measure.tree(process.pid)
            if workload is not WARM_UP:
                yield Run(
                    contestant=contestant.name,
                    workload=workload.name,
                    round=number,
                    activities=workload.total,
                    seconds=seconds,
                    cpu_seconds=measure.cpu_seconds(pids) - used,
                    megabytes=measure.peak_megabytes(pids),
                    disk_milliseconds=disk,
                    syncs=measure.syncs(trace) - syncs if counting else None,
                )
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    paths = [str(ROOT), str(ROOT / "src")]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        try:
            yield process, log
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let it end by itself, which it does when nothing more is said; else end all it started."""
    _pipe(process.stdin).close()
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        for pid in measure.tree(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
    _pipe(process.stdout).close()


def _say(process: "subprocess.Popen[bytes]", line: str) -> None:
    pipe = _pipe(process.stdin)
    pipe.write(line.encode() + b"\n")
    pipe.flush()


def _expect(process: "subprocess.Popen[bytes]", word: str, within: float, log: Path) -> None:
    said = _line(_pipe(process.stdout).fileno(), within)
    if said != word:
        last = log.read_text(errors="replace")[-_LAST_WORDS:]
        what = f"it said {said!r}" if said else f"it ended, or said nothing for {within:.0f} s"
        raise FailedError(f"{word!r} was due, but {what}. Its last words:\n{last}")


def _line(pipe: int, within: float) -> str:
    """What is said next; nothing if that takes too long or never comes."""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], within)
        part = os.read(pipe, 64) if ready else b""
        if not part:
            return ""
        said += part
    return said.decode().strip()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - every process here has them
    return pipe
