"""What docs/swflow.md and docs/swflow-running.md tell their readers to do."""

import importlib
import json
import re
import shlex
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.loaders import Loader

import swflow
from harness.example import ROOT, Example, run_python
from swflow import Payloads, WorkflowFailed, WorkflowType
from swflow.__main__ import _parser
from swflow.testing import Environment

GUIDE = ROOT / "docs/swflow.md"
PAGES = f"{GUIDE.read_text()}\n{(ROOT / 'docs/swflow-running.md').read_text()}"
PROGRAMS = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGES, re.DOTALL))
README = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
COMMANDS = re.findall(r"^ {4}.*?\b(swflow [a-z]+ .+)$", PAGES, re.MULTILINE)

POLICY = json.loads(re.findall(r"```json\n(.*?)```", PAGES, re.DOTALL)[0])
ACTIONS = {action.removeprefix("swf:") for each in POLICY["Statement"] for action in each["Action"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pages' programs, as files."""
    for name, program in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(program)
    return tmp_path


@pytest.fixture
def program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a program of the pages."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("SWFLOW_ENCRYPTION_KEYS", f"first:{b64encode(bytes(32)).decode()}")
    yield importlib.import_module
    for name in PROGRAMS:
        sys.modules.pop(name, None)


def test_every_program_is_a_file_that_can_be_imported(program: Any) -> None:
    assert len(PROGRAMS) == PAGES.count("```python")
    for name in PROGRAMS:
        assert program(name).__name__ == name


def test_the_workflow_of_the_readme(folder: Path) -> None:
    (program,) = README
    (folder / "readme.py").write_text(program)
    run_python("readme.py", folder=folder)


def test_the_tests(folder: Path) -> None:
    run_python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_swflow",
        "test_orders.py",
        folder=folder,
    )


@pytest.mark.slow
def test_the_programs_have_the_right_types(folder: Path) -> None:
    names = [f"{name}.py" for name in PROGRAMS if not name.startswith("test_")]
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'test_docs'}"
    run_python("-m", "mypy", "--strict", cache, *names, folder=folder)


@pytest.mark.slow
def test_the_first_workflow(folder: Path, swf_server: Any) -> None:
    with closing(Example(folder, GUIDE, swf_server.endpoint_url)) as example:
        example.run("swflow register orders --retention 7")
        example.start("swflow decider orders")
        example.start("swflow worker orders --processes 2")
        start = """swflow start orders:buy '{"number": "7", "amount": 20}' --workflow-id order-7"""
        assert example.run(start).startswith("order-7 ")
        assert "buy 1" in example.run("swflow show order-7")
    with urllib.request.urlopen(f"{swf_server.endpoint_url}/metrics", timeout=20) as answer:
        asked = set(re.findall(r'operation="(\w+)"', answer.read().decode()))
    assert "StartWorkflowExecution" in asked
    assert asked - ACTIONS == set()


def test_a_task_is_completed_by_somebody_else(program: Any) -> None:
    people = program("people")
    with Environment() as env:
        asked = env.start(people.survey, "tea?")
        env.advance(days=1)
        people.answer(env.client, "tea?", says=True)
        assert asked.result() == "yes"


def test_steps_are_undone_and_failures_survived(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = program("failing")
    assert failing.travel("hotel") == "no meal"
    assert failing.travel_anyway("moon") == "nobody goes there {'asked for': 'moon'}"
    with Environment() as env, pytest.raises(WorkflowFailed, match="nobody goes there"):
        env.run(failing.travel, "moon")
    assert capsys.readouterr().out == "flight booked: cancelled\n"


def test_children_and_going_on_as_new(program: Any) -> None:
    together = program("together")
    assert together.whole([1, 2, 3]) == 14
    assert together.count_down(3) == "done"


def test_changes_side_by_side(program: Any) -> None:
    changing = program("changing")
    assert changing.welcome("ann") == "hello, ann"
    assert changing.welcome_twice("ann") == "hello again, ann"
    assert {changing.welcome.name, changing.welcome_twice.name} == {"welcome"}


def test_a_file_is_copied(program: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"film")
    assert program("copying").copy(tmp_path / "a", tmp_path / "b") == 4
    assert (tmp_path / "b").read_bytes() == b"film"


def test_a_form_of_one_s_own(program: Any) -> None:
    picture = np.array([[0, 100], [200, 255]], np.uint8)
    assert (program("pictures").negative(picture) == 255 - picture).all()


def test_payloads(program: Any) -> None:
    payloads = program("storage").PAYLOADS
    assert isinstance(payloads, Payloads)
    assert str(payloads.store).endswith("var/payloads")
    assert payloads.codecs[0].name == "aes-256-gcm"


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_commands(command: str) -> None:
    assert _parser().parse_args(shlex.split(command)[1:]).run


def test_a_decider_finds_the_task_list_of_its_workflows(program: Any) -> None:
    for command in (each for each in COMMANDS if each.startswith("swflow decider")):
        options = _parser().parse_args(shlex.split(command)[1:])
        workflows = [
            each
            for name in options.types
            for each in vars(program(name)).values()
            if isinstance(each, WorkflowType)
        ]
        assert len({each.task_list for each in workflows}) == 1


def test_every_name_every_command_and_every_metric_is_on_a_page() -> None:
    words = set(re.findall(r"\w+", PAGES))
    (commands,) = (action.choices for action in _parser()._actions if action.choices)
    source = (ROOT / "src/swflow/telemetry/metrics.py").read_text()
    metrics = re.findall(r'"(swflow_\w+)"', source)
    assert metrics

    assert sorted(set(swflow.__all__) - words) == []
    assert [each for each in commands if f"swflow {each}" not in PAGES] == []
    assert [each for each in metrics if f"`{each}" not in PAGES] == []


def test_permissions_are_those_that_there_are() -> None:
    model = Loader().load_service_model("swf", "service-2")
    known = set(model["operations"]) | set(model["shapes"]["DecisionType"]["enum"])
    assert ACTIONS - known == set()
