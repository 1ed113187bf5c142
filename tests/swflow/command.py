"""The command line, as tests give it."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.swf_server import SRC
from swflow import Client
from swflow.__main__ import main


class Command:
    """The command line as a user gives it, against a service."""

    def __init__(
        self, endpoint_url: str, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.endpoint_url = endpoint_url
        self.domain = ""
        self.out = self.said = ""
        self._capsys = capsys
        self._patch = patch
        patch.setenv("AWS_ENDPOINT_URL_SWF", endpoint_url)
        for name in ("AWS_PROFILE", "NO_COLOR"):
            patch.delenv(name, raising=False)

    def enter(self, folder: Path, domain: str) -> None:
        """Go into a folder with a program, and into a domain."""
        self.domain = domain
        self._patch.chdir(folder)
        self._patch.syspath_prepend(folder)
        # A program that is written anew within a second would be taken for what it was.
        self._patch.setattr(sys, "dont_write_bytecode", True)
        self._patch.setenv("SWFLOW_DOMAIN", domain)

    def forget(self, module: str) -> None:
        """Have a module loaded anew."""
        sys.modules.pop(module, None)
        importlib.invalidate_caches()

    def client(self) -> Client:
        return Client(self.domain, endpoint_url=self.endpoint_url)

    def run(self, *words: str) -> int:
        """The exit status; what it printed is in `out` and `said`."""
        try:
            status = main(words)
        except SystemExit as error:  # argparse
            status = int(str(error.code))
        self.out, self.said = self._capsys.readouterr()
        return status

    def __call__(self, *words: str) -> list[str]:
        """The lines that a command which succeeds prints."""
        status = self.run(*words)
        assert status == 0, self.said
        return self.out.splitlines()

    def json(self, *words: str) -> Any:
        """The JSON that a command which succeeds prints."""
        return json.loads("\n".join(self(*words)))

    def refused(self, *words: str) -> str:
        """What a command says that cannot be carried out."""
        assert self.run(*words) == 2, self.out
        assert self.out == ""
        assert "Traceback" not in self.said
        return self.said

    def run_module(self, module: str, *words: str) -> str:
        """What another program prints, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            env={**os.environ, "PYTHONPATH": str(SRC)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
