"""A host for `vib-release` in a folder: a real supervisord, and releases that are shell scripts."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from vib_release import ReleaseError, releases
from vib_release.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def load_program(path: Path) -> ModuleType:
    """A Python program as a module."""
    loader = SourceFileLoader(path.stem.replace("-", "_"), str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def run_tool(*command: str, check: bool = True) -> str:
    """What one of Ansible's commands says."""
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def put(path: Path, *lines: str) -> None:
    """Write a shell script."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


class Host:
    """The folders, supervisord, and what `vib-release` does as `releases`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "decider.env"
        self._supervisord: subprocess.Popen[bytes] | None = None
        tools = folder / "tools/bin"
        tools.mkdir(parents=True)
        (tools / "uv").symlink_to(TOOLS / "uv")
        self.settings.touch()

    @property
    def releases(self) -> releases.Host:
        return releases.Host(self.folder, [self.settings], self.folder / "socket")

    def start(self) -> None:
        """Start supervisord, and wait until it answers."""
        configuration = self.folder / "supervisord.conf"
        configuration.write_text(
            f"""
            [supervisord]
            nodaemon = true
            logfile = /dev/null
            logfile_maxbytes = 0
            pidfile = {self.folder}/supervisord.pid
            [unix_http_server]
            file = {self.folder}/socket
            [rpcinterface:supervisor]
            supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
            [include]
            files = {self.folder}/current/programs.conf
        """.replace("            ", "")
        )
        command = [TOOLS / "supervisord", "--configuration", configuration]
        self._supervisord = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self._answers():
            assert self._supervisord.poll() is None
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            Supervisor(self.folder / "socket").processes()
        except ReleaseError:
            return False
        return True

    def stop(self) -> None:
        """End supervisord, and its programs with it."""
        if self._supervisord is not None:
            self._supervisord.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._supervisord.wait(20)
            self._supervisord.kill()
            self._supervisord.wait()

    def add(
        self,
        release: str,
        script: str = "exec sleep 1000",
        *,
        programs: Sequence[str] = ("decider",),
        health: str = "",
    ) -> str:
        """Install a release whose programs all run `script`."""
        folder = self.folder / "releases" / release
        (folder / "venv/bin").mkdir(parents=True)
        vib = folder / "venv/bin/vib"
        vib.write_text(f"#!/bin/sh\n{script}\n")
        vib.chmod(0o755)
        sections = [
            f"[program:{name}]\ncommand = {self.folder}/current/venv/bin/vib {name}\n"
            "process_name = %(program_name)s-0\nstartsecs = 1\nstdout_logfile = NONE\n"
            for name in programs
        ]
        group = f"[group:vib]\nprograms = {','.join(programs)}\n" if programs else ""
        (folder / "programs.conf").write_text("".join([*sections, group]))
        (folder / "health").write_text(health)
        (folder / "complete").touch()
        return release

    def processes(self) -> dict[str, int]:
        """The process ids of what runs, by name."""
        there = Supervisor(self.folder / "socket").processes()
        return {each.name: each.pid for each in there if each.is_running}
