"""A host's releases, and how one takes another's place."""

import hashlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import NoReturn
from zipfile import ZipFile

from vib_release import ReleaseError
from vib_release.supervisor import Process, Supervisor

COMPLETE = "complete"
GROUP = "vib"
SECONDS_TO_PASS = 120
SECONDS_TO_START = 60
SECONDS_TO_BE_HEALTHY = 120
SECONDS_TO_STAY = 2  # after the `startsecs` that supervisor takes for running


class Host:
    """A host's releases.

    Args:
        root: where they are.
        settings: files whose change makes a restart necessary, as another release does.
        supervisor: the socket where supervisor answers.
    """

    def __init__(self, root: Path, settings: Sequence[Path], supervisor: Path) -> None:
        self._root = root
        self._settings = settings
        self._supervisor = Supervisor(supervisor)
        self._releases = root / "releases"
        self._current = root / "current"
        self._log = root / "activations.jsonl"

    def install(self, release: str) -> bool:
        """Make a release's environment from the wheels here; False if it is there."""
        folder = self._releases / release
        if (folder / COMPLETE).exists():
            return False
        source = self._root / "incoming" / release
        wheels = list(source.glob("*.whl"))
        if len(wheels) != 1:
            raise ReleaseError(
                f"{source} has {len(wheels)} wheels in place of the release's one: send it again."
            )
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            self._fill(folder / "venv", source / "requirements.lock", wheels[0])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / COMPLETE).touch()
        return True

    def check(self, release: str) -> bool:
        """See whether a release can work here; what runs goes on. False if it runs already.

        Raises:
            ReleaseError: it cannot; says what is in the way of which program.
        """
        if self._runs_already(release):
            return False
        folder = self._releases / release
        if _lines(folder / "programs.conf"):
            programs = ("--supervised", folder / "programs.conf")
            if problem := _problem_of(folder / "venv/bin/vib", "check", *programs):
                raise ReleaseError(f"{release} cannot work here: {problem}")
        return True

    def activate(self, release: str) -> bool:
        """Let a release run, or the one before go on if it does not; False if it runs already."""
        if self._runs_already(release):
            return False
        self._replace_current(release, SECONDS_TO_STAY)
        return True

    def rollback(self) -> str:
        """Let the release run that ran before the current one."""
        current = self.current()
        earlier = (each["release"] for each in self._activations() if each["release"] != current)
        release = next((each for each in earlier if each in self.installed()), None)
        if release is None:
            raise ReleaseError("no earlier release that ran on this host is still installed.")
        self._replace_current(release, 0)
        return release

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest; never the current one, nor the one to roll back to."""
        ran = list(dict.fromkeys(each["release"] for each in self._activations()))
        spared = {self.current(), *ran[:2]}
        newest = sorted(
            self.installed(), key=lambda each: (self._releases / each / COMPLETE).stat().st_mtime
        )
        old = [each for each in newest[: max(0, len(newest) - keep)] if each not in spared]
        for each in old:
            shutil.rmtree(self._releases / each)
            shutil.rmtree(self._root / "incoming" / each, ignore_errors=True)
        return old

    def installed(self) -> list[str]:
        """The releases that are there and complete."""
        return sorted(each.parent.name for each in self._releases.glob(f"*/{COMPLETE}"))

    def current(self) -> str | None:
        """The release that runs."""
        return self._current.readlink().name if self._current.is_symlink() else None

    def stop(self, program: str | None) -> None:
        """Let processes finish what they can, hand the rest back, and end."""
        self._supervisor.stop(self._names(program))

    def start(self, program: str | None) -> None:
        """Start processes of the current release."""
        names = self._names(program)
        if self._has_programs():
            self._supervisor.start(names)
            self._wait_until_running()

    def status(self) -> str:
        """The installed releases, the current one with a star, and every process."""
        current = self.current()
        releases = [f"{'*' if each == current else ' '} {each}" for each in self.installed()]
        return "\n".join([*releases, *map(str, self._supervisor.processes())])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes this host's releases meanwhile."""
        with (self._root / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield

    def _fill(self, venv: Path, lock: Path, wheel: Path) -> None:
        uv = str(self._root / "tools/bin/uv")
        python = str(venv / "bin/python")
        offline = ("--offline", "--no-config", "--quiet", "--python")
        self._run(uv, "venv", *offline, "/usr/bin/python3", str(venv))
        like = self._with_the_same(lock)
        if like is None:
            wheels = ("--no-index", "--find-links", str(self._root / "wheels"))
            linked = ("--link-mode", "hardlink", "--require-hashes")
            self._run(uv, "pip", "sync", *offline, python, *wheels, *linked, str(lock))
        else:  # the same files, compiled, for a second in place of a minute
            self._run("cp", "-al", f"{like}/lib/.", str(venv / "lib"))
        self._run(uv, "pip", "install", *offline, python, "--no-deps", "--reinstall", str(wheel))
        new = [str(venv / "lib")] if like is None else _packages(wheel, venv)
        self._run(python, "-m", "compileall", "-q", "-j", "0", "-x", "/tests/", *new, check=False)
        self._run(str(venv / "bin/vib"), "--version")

    def _with_the_same(self, lock: Path) -> Path | None:
        """The environment of a release that is made of the same wheels."""
        wanted = lock.read_bytes()
        for release in self.installed():
            other = self._root / "incoming" / release / lock.name
            if other.exists() and other.read_bytes() == wanted:
                return self._releases / release / "venv"
        return None

    def _runs_already(self, release: str) -> bool:
        """Whether it runs, as it is configured now."""
        if not (self._releases / release / COMPLETE).exists():
            there = f": {', '.join(self.installed())}" if self.installed() else " none"
            raise ReleaseError(f"{release} is not installed here; there are{there}.")
        last = next(self._activations(), {})
        same = last.get("configuration") == self._fingerprint(release)
        return self.current() == release and same and self._is_running()

    def _replace_current(self, release: str, stay: float) -> None:
        before = self.current()
        self._switch(release)
        try:
            self._restart(stay)
        except ReleaseError as error:
            if before is None or before == release:
                raise
            self._go_back(before, f"{release} does not run ({error})")
        said = {
            "release": release,
            "configuration": self._fingerprint(release),
            "at": time.strftime("%FT%TZ", time.gmtime()),
        }
        with self._log.open("a") as log:
            log.write(json.dumps(said) + "\n")

    def _go_back(self, before: str, why: str) -> NoReturn:
        self._switch(before)
        try:
            self._restart(0)
        except ReleaseError as error:
            raise ReleaseError(f"{why}, and {before} does not any more ({error}).") from None
        raise ReleaseError(f"{why}; {before} runs again.")

    def _switch(self, release: str) -> None:
        link = self._root / "current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases") / release)
        link.replace(self._current)

    def _restart(self, stay: float) -> None:
        self._supervisor.stop([f"{GROUP}:*"])
        self._supervisor.reload()
        if not self._has_programs():
            return
        self._supervisor.start([f"{GROUP}:*"])
        running = self._wait_until_running()
        end = time.monotonic() + stay
        self._wait_until_healthy(running)
        while time.monotonic() < end:
            time.sleep(0.2)
            self._see_that_all_stay(running)

    def _has_programs(self) -> bool:
        return bool(_lines(self._current / "programs.conf"))

    def _is_running(self) -> bool:
        return not self._has_programs() or all(each.is_running for each in self._processes())

    def _wait_until_running(self) -> list[Process]:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            processes = self._processes()
            if processes and all(each.is_running for each in processes):
                return processes
            wrong = [f"{each.name} {each.state}" for each in processes if each.is_wrong]
            if wrong or time.monotonic() > deadline:
                raise ReleaseError(", ".join(wrong) or "supervisor does not get them to run")
            time.sleep(0.2)

    def _wait_until_healthy(self, running: Sequence[Process]) -> None:
        for url in _lines(self._current / "health"):
            deadline = time.monotonic() + SECONDS_TO_BE_HEALTHY
            while (problem := _problem(url)) is not None:
                self._see_that_all_stay(running)
                if time.monotonic() > deadline:
                    raise ReleaseError(f"{url} is not healthy: {problem}")
                time.sleep(0.2)

    def _see_that_all_stay(self, running: Sequence[Process]) -> None:
        for before, now in zip(running, self._processes(), strict=True):
            if (now.state, now.pid) != (before.state, before.pid):
                raise ReleaseError(f"{now.name} ended soon after it was started")

    def _names(self, program: str | None) -> list[str]:
        """What supervisor calls a program's processes; all together where none is named."""
        if program is None:
            return [f"{GROUP}:*"]
        there = [each.name for each in self._processes()]
        names = [each for each in there if each.startswith(f"{GROUP}:{program}-")]
        if not names:
            known = {each.removeprefix(f"{GROUP}:").rpartition("-")[0] for each in there}
            listed = ", ".join(sorted(known))
            raise ReleaseError(f"no program {program!r} runs on this host; there are: {listed}.")
        return names

    def _processes(self) -> list[Process]:
        return [each for each in self._supervisor.processes() if each.group == GROUP]

    def _fingerprint(self, release: str) -> str:
        """What its programs are started with, the code apart."""
        found = hashlib.sha256()
        programs = self._releases / release / "programs.conf"
        for path in filter(Path.exists, [programs, *self._settings]):
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()

    def _activations(self) -> Iterator[dict[str, str]]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return (json.loads(line) for line in reversed(lines))

    @staticmethod
    def _run(*command: str, check: bool = True) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise ReleaseError(
                f"`{' '.join(command)}` failed: {said[-1] if said else done.returncode}"
            )
        return done.stdout


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _packages(wheel: Path, venv: Path) -> list[str]:
    """The folders of the code that a wheel brings."""
    (site,) = venv.glob("lib/python*/site-packages")
    with ZipFile(wheel) as archive:
        names = {Path(each).parts[0] for each in archive.namelist()}
    return sorted(str(site / name) for name in names if not name.endswith(".dist-info"))


def _problem_of(*check: str | Path) -> str | None:
    """What a check says, if it does not succeed."""
    try:
        done = subprocess.run(
            check, stdout=PIPE, stderr=STDOUT, text=True, timeout=SECONDS_TO_PASS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS_TO_PASS} seconds"
    if done.returncode == 0:
        return None
    return "; ".join(done.stdout.splitlines()) or f"exit status {done.returncode}"


def _problem(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - the URLs are this host's own
            return None
    except (urllib.error.URLError, OSError) as error:
        return str(error)
