"""Programs of examples/ and docs/, run as their pages tell their readers to."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]

NOTHING: Mapping[str, str] = MappingProxyType({})

Program = subprocess.Popen[str]


class Example:
    """A folder with a program, its page's environment, and a service in place of the page's."""

    def __init__(self, folder: Path, page: Path, endpoint_url: str, **more: str) -> None:
        """`more` goes into the environment as well."""
        self._folder = folder
        self._page = page.read_text()
        self._started: list[Program] = []
        exported = re.findall(r"^ +export (.+)$", self._page, re.MULTILINE)
        words = " ".join(exported).replace("http://127.0.0.1:4567", endpoint_url)
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            **dict(word.split("=", maxsplit=1) for word in shlex.split(words)),
            **more,
        }

    @property
    def domain(self) -> str:
        """The domain that the page names."""
        return self._environment["SWFLOW_DOMAIN"]

    def start(self, command: str, instead: Mapping[str, str] = NOTHING) -> Program:
        """Start a command of the page.

        Args:
            command: as it stands there.
            instead: what readers replace in it, and by what.
        """
        assert command in self._page, f"the page does not say {command!r}"
        for there, here in instead.items():
            command = command.replace(there, here)
        program, *words = shlex.split(command)
        module = () if program == "python" else ("-m", program)
        process = subprocess.Popen(
            [sys.executable, *module, *words],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, command: str, instead: Mapping[str, str] = NOTHING) -> str:
        """Run a command of the page to its end; what it printed."""
        process = self.start(command, instead)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return printed

    def close(self) -> None:
        """End what is still running."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.communicate(timeout=60)


def open_example(name: str, endpoint_url: str, **more: str) -> Example:
    """A folder of examples/, as its README describes it."""
    folder = ROOT / "examples" / name
    return Example(folder, folder / "README.md", endpoint_url, **more)


def run_python(*words: str, folder: Path) -> None:
    """Run Python with these words in a folder; it has to succeed."""
    source = str(ROOT / "src")
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": source, "MYPYPATH": source},
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
