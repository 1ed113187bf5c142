"""The pytest plugin: each stored history is a test."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.swflow.testing.conftest import Store
from tests.swflow.testing.orders import order, patience

pytest_plugins = ["pytester"]

SHOP = "tests.swflow.testing.orders"


@pytest.fixture
def folder(store: Store, pytester: pytest.Pytester) -> Path:
    """Two histories in a project of their own."""
    store("order.json", order, 7, 2.5)
    kept = pytester.path / "kept"
    shutil.copytree(store("patience.json", patience, 1).parent, kept)
    return kept


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "pytest_swflow", "-p", "no:cacheprovider", *arguments)


def test_each_history_is_a_test(pytester: pytest.Pytester, folder: Path) -> None:
    result = run(pytester, f"--swflow-histories={folder}", f"--swflow-workflows={SHOP}", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*order.json::Order 1 PASSED*", "*::Patience 1 PASSED*"])


def test_a_difference_is_a_failure_with_both_sides(pytester: pytest.Pytester, folder: Path) -> None:
    history = json.loads((folder / "order.json").read_text())
    says = next(
        event["activityTaskScheduledEventAttributes"]
        for event in history["events"]
        if event["eventType"] == "ActivityTaskScheduled"
    )
    says["activityType"]["name"] = "Refund"
    (folder / "order.json").write_text(json.dumps(history))
    result = run(pytester, f"--swflow-histories={folder}", f"--swflow-workflows={SHOP}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*order.json: code and history differ at event 5: the history has *Refund (1)*Charge (1)*"]
    )


def test_the_ini_file_says_where_they_are(pytester: pytest.Pytester, folder: Path) -> None:
    pytester.makeini(f"[pytest]\nswflow_histories = {folder.name}\nswflow_workflows = {SHOP}")
    pytester.makepyfile(test_other="def test_other(): pass")
    run(pytester).assert_outcomes(passed=3)
    run(pytester, "test_other.py").assert_outcomes(passed=1)
    run(pytester, str(folder / "order.json")).assert_outcomes(passed=1)


def test_a_folder_among_the_tests_is_taken_once(pytester: pytest.Pytester, folder: Path) -> None:
    pytester.makeini(f"[pytest]\nswflow_histories = {folder.name}\nswflow_workflows = {SHOP}")
    run(pytester, ".").assert_outcomes(passed=2)


def test_a_file_with_several_histories_is_several_tests(
    pytester: pytest.Pytester, folder: Path
) -> None:
    texts = [path.read_text() for path in sorted(folder.iterdir())]
    (folder / "both.jsonl").write_text("\n".join(texts))
    result = run(pytester, f"--swflow-histories={folder}", f"--swflow-workflows={SHOP}")
    result.assert_outcomes(passed=4)


@pytest.fixture
def sealed(store: Store, pytester: pytest.Pytester) -> Path:
    """A history whose payloads are encrypted and stored, and the module that says so."""
    pytester.makepyfile(
        ours=f"""
        from swflow import Encryption, FolderStore, Payloads

        PAYLOADS = Payloads(
            store=FolderStore({str(pytester.path / "store")!r}),
            codecs=[Encryption({{"key": b"k" * 32}})],
            threshold=100,
        )
        """
    )
    pytester.syspathinsert()
    payloads = importlib.import_module("ours").PAYLOADS
    return store("order.json", order, 7, 2.5, payloads=payloads).parent


def test_payloads_that_are_stored_and_encrypted_are_opened(
    pytester: pytest.Pytester, sealed: Path
) -> None:
    (history,) = sealed.iterdir()
    assert "Charge" in history.read_text()
    assert "parcel" not in history.read_text()
    asked = [f"--swflow-histories={sealed}", f"--swflow-workflows={SHOP}"]
    given = [*asked, "--swflow-payloads=ours:PAYLOADS", "--swflow-domain=testing"]
    run(pytester, *given).assert_outcomes(passed=1)

    result = run(pytester, *asked)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*order.json: a payload is stored in *, and this process has no*"])


def test_the_ini_file_says_how_payloads_travel(pytester: pytest.Pytester, sealed: Path) -> None:
    pytester.makeini(
        f"""
        [pytest]
        swflow_histories = {sealed}
        swflow_workflows = {SHOP}
        swflow_payloads = ours:PAYLOADS
        swflow_domain = testing
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_payloads_that_are_none_are_an_error(pytester: pytest.Pytester, sealed: Path) -> None:
    asked = [f"--swflow-histories={sealed}", f"--swflow-workflows={SHOP}"]
    result = run(pytester, *asked, "--swflow-payloads=ours:FolderStore")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ours:FolderStore is no swflow.Payloads*"])


@pytest.mark.parametrize(
    ("workflows", "problem"),
    [
        (["--swflow-workflows=nowhere"], "*cannot load nowhere: No module named 'nowhere'*"),
        ([], "*say where the workflows are: --swflow-workflows MODULE*"),
    ],
)
def test_workflows_that_are_not_found_are_an_error(
    pytester: pytest.Pytester, folder: Path, workflows: list[str], problem: str
) -> None:
    result = run(pytester, f"--swflow-histories={folder}", *workflows)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([problem])


def test_a_file_that_is_no_history_is_an_error(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "order.json").write_text("{}")
    result = run(pytester, f"--swflow-histories={folder}", f"--swflow-workflows={SHOP}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*order.json is no history: no list of events is there*"])


def test_a_folder_that_is_not_there_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--swflow-histories=nothing")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--swflow-histories: *nothing is no folder*"])


def test_the_fixture_is_an_environment(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        from {SHOP} import patience

        def test_patience(swflow_environment):
            assert swflow_environment.run(patience, 1) == "2026-01-31"
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_it_imports_nothing_that_is_not_needed() -> None:
    asked = "import sys, pytest_swflow; print({'swflow', 'localswf', 'boto3'} & sys.modules.keys())"
    source = Path(__file__).parents[3] / "src"
    run = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(source)},
    )
    assert run.stdout.strip() == "set()"
