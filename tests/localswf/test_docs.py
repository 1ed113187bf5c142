"""What docs/localswf.md tells its readers to do."""

import re
import shlex
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from harness.example import ROOT, run_python
from localswf.__main__ import main

PAGE = (ROOT / "docs/localswf.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_fixtures_for_a_test_suite(tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(PROGRAMS[0])
    run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py", folder=tmp_path)


def test_the_virtual_clock(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(PROGRAMS[1])
    run_python("page.py", folder=tmp_path)


def test_a_backup_of_a_running_server(
    swf_server: Any, http_swf: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_swf.start()
    http_swf.decide(http_swf.complete())
    http_swf.start("open")
    (command,) = re.findall(r"^    (python3 -c .*)$", PAGE, re.MULTILINE)

    run_python(*shlex.split(command)[1:-2], str(swf_server.data), "copy.db", folder=tmp_path)

    assert main(["check", str(tmp_path / "copy.db")]) == 0
    assert capsys.readouterr().out.endswith("is whole: executions 2, open 1.\n")
    http_swf.start("goes on")


def test_every_metric_is_on_the_page(swf_server: Any) -> None:
    with urllib.request.urlopen(f"{swf_server.endpoint_url}/metrics", timeout=20) as answer:
        names = re.findall(r"^# HELP (localswf_\w+)", answer.read().decode(), re.MULTILINE)
    assert names
    assert [name for name in names if f"`{name}`" not in PAGE] == []
