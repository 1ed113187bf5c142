"""What a tree of processes uses: CPU time, memory, and how often it waits for the disk."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SYNC = re.compile(rb"^\d+ +f(?:data)?sync\(", re.MULTILINE)
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED, of clock_getcpuclockid(3)
_PROBES = 30


def tree(root: int) -> list[int]:
    """The ids of a process and of everything under it."""
    children: dict[int, list[int]] = {}
    for pid, stat in _stats():
        children.setdefault(int(stat[1]), []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """CPU time, user and system, of processes and of their children that have ended."""
    return sum(map(_cpu_seconds, pids))


def peak_megabytes(pids: list[int]) -> float:
    """The sum of the processes' highest resident memory; what they share counts for each."""
    return sum(map(_peak_kilobytes, pids)) / 1024


def syncs(log: Path) -> int:
    """How many fsync and fdatasync calls strace has written down."""
    return len(_SYNC.findall(log.read_bytes()))


def under_strace(log: Path) -> list[str]:
    """What to put before a command so that its calls of fsync and fdatasync are written down."""
    quiet = ["strace", "-qq", "-f", "--seccomp-bpf", "--signal=none"]
    return [*quiet, "--trace=fsync,fdatasync", f"--output={log}"]


def sync_milliseconds(folder: Path) -> float:
    """How long the disk takes for 4 KiB and a fdatasync, the median of some tries."""
    path, took = folder / "probe", []
    with path.open("wb", buffering=0) as file:
        for _ in range(_PROBES):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    path.unlink()
    return median(took) * 1000


def _stats() -> Iterator[tuple[int, list[str]]]:
    """For every process its id and what stands behind its name in /proc/ID/stat."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), fields


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return []


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    if not fields:
        return 0
    of_children = (int(fields[13]) + int(fields[14])) / _TICKS_A_SECOND
    try:
        # Nanoseconds, where /proc counts in hundredths of a second.
        return time.clock_gettime(~pid << 3 | _PROCESS_CLOCK) + of_children
    except OSError:  # it has ended, and its parent has not asked yet
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND + of_children


def _peak_kilobytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) if found else 0
