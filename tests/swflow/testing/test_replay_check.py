"""Today's code over stored histories: in Python, and by the command."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from swflow import NonDeterminismError, SwflowError, workflow
from swflow.__main__ import main
from swflow.testing import Environment, check, read_histories
from tests.swflow.testing.conftest import Store
from tests.swflow.testing.orders import YEAR, approval, charge, order, pack, patience, ship

SHOP = "tests.swflow.testing.orders"
RECORDED = Path(__file__).parents[4] / "shared/data/histories/real_swf.json"


@workflow("Order", version="1", task_list="orders", execution_timeout=YEAR)
async def changed_order(number: int, amount: float) -> list[str]:
    parcel, receipt = pack(number), charge(number, amount)
    return [await ship(parcel.later), f"{(await receipt).charged:.2f}"]


def place_of(function: Any, line: str) -> str:
    """The file and the line of a function's source that has this in it."""
    lines, first = inspect.getsourcelines(function)
    (found,) = [number for number, text in enumerate(lines, start=first) if line in text]
    return f"{__file__}:{found}"


def test_code_that_did_not_change_does_the_same(store: Store) -> None:
    check(order, store("order.json", order, 7, 2.5))
    check([patience, order], str(store("patience.json", patience, 3)))


def test_the_first_difference_is_shown_with_both_sides_and_its_line(store: Store) -> None:
    history = store("order.json", order, 7, 2.5)
    with pytest.raises(NonDeterminismError) as caught:
        check(changed_order, history)
    error = caught.value
    assert error.event_id == 5
    assert str(error.expected).startswith("ScheduleActivityTask Charge (1) with")
    assert str(error.actual).startswith("ScheduleActivityTask Pack (1) with")
    assert error.where == place_of(changed_order.function, "pack(number), charge")
    assert error.where in str(error)


def test_the_line_is_that_of_a_timer_too(store: Store) -> None:
    @workflow("Patience", version="1", task_list="orders", execution_timeout=YEAR)
    async def hasty(months: int) -> None:
        await ship(f"after {months} months")

    with pytest.raises(NonDeterminismError) as caught:
        check(hasty, store("patience.json", patience, 1))
    assert caught.value.where == place_of(hasty.function, "await ship")


def test_a_plain_function_has_lines_as_well(store: Store) -> None:
    @workflow("Patience", version="1", task_list="orders", execution_timeout=YEAR)
    def plain(months: int) -> str:
        return ship(f"after {months} months").result()

    with pytest.raises(NonDeterminismError) as caught:
        check(plain, store("patience.json", patience, 1))
    assert caught.value.where == place_of(plain.function, "ship(")


def test_an_execution_that_is_still_open_is_checked_as_far_as_it_is() -> None:
    with Environment() as env:
        execution = env.start(approval)
        env.run_until_idle()
        check(approval, execution.history())
        check(approval, {"events": execution.history()})
        with pytest.raises(NonDeterminismError):
            check(approval.options(), [*execution.history(), _unexpected(execution.history())])


def _unexpected(history: list[Any]) -> dict[str, Any]:
    (completed,) = [e for e in history if e["eventType"] == "DecisionTaskCompleted"]
    return {
        "eventId": len(history) + 1,
        "eventType": "TimerStarted",
        "eventTimestamp": completed["eventTimestamp"],
        "timerStartedEventAttributes": {
            "decisionTaskCompletedEventId": completed["eventId"],
            "timerId": "99",
            "startToFireTimeout": "5",
        },
    }


def test_a_history_of_another_workflow_is_refused(store: Store) -> None:
    with pytest.raises(SwflowError, match="is a history of the workflow Order 1; given are: Ship"):
        check(ship, store("order.json", order, 7, 2.5))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("no json", "is not JSON"),
        ('{"events": []}', "no list of events"),
        ('{"events": [{"eventId": 1}]}', "no list of events"),
        ("[1, 2]", "no list of events"),
        (
            '[{"eventId": 2, "eventType": "DecisionTaskScheduled", "eventTimestamp": 1}]',
            "does not begin with WorkflowExecutionStarted",
        ),
        (
            '[{"eventId": 1, "eventType": "WorkflowExecutionStarted", "eventTimestamp": "noon"}]',
            "event 1: Invalid isoformat string",
        ),
        ('{"events": []}\n{"events', "line 1 is no history"),
    ],
)
def test_what_is_no_history_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "history.json"
    path.write_text(text)
    with pytest.raises(SwflowError, match=problem):
        check(order, path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SwflowError, match="cannot be read"):
        check(order, tmp_path / "nothing.json")


def test_the_service_s_own_exports_are_read(store: Store, tmp_path: Path) -> None:
    parts = [json.loads(store(f"{n}.json", patience, n).read_text()) for n in (1, 2)]
    lines = [{"execution": {"workflowId": f"w{n}", "runId": "r"}, **p} for n, p in enumerate(parts)]
    path = tmp_path / "export.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert [each.workflow_id for each in read_histories(path)] == ["w0", "w1"]
    check(patience, path)


@pytest.mark.skipif(not RECORDED.exists(), reason=f"{RECORDED} is not here")
def test_histories_of_the_real_service_are_read() -> None:
    assert len(list(read_histories(RECORDED))) == 18


# The command.


def test_the_command_says_that_all_is_the_same(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [store("order.json", order, 7, 2.5), store("patience.json", patience, 1)]
    assert main(["replay", SHOP, *map(str, paths)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["same", "same"]


def test_the_command_shows_both_sides(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    folder = store("order.json", order, 7, 2.5).parent
    assert main(["replay", f"{__name__}:changed_order", str(folder)]) == 1
    first, there, here, where = capsys.readouterr().out.splitlines()
    assert first.startswith("differs  ")
    assert first.endswith("at event 5")
    assert there.startswith("    the history has ScheduleActivityTask Charge")
    assert here.startswith("    the code makes ScheduleActivityTask Pack")
    assert where == f"    at {place_of(changed_order.function, 'pack(number), charge')}"


def test_the_command_speaks_json(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    path = store("order.json", order, 7, 2.5)
    assert main(["replay", "--json", f"{__name__}:changed_order", str(path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["type"], found["same"], found["event_id"]) == ("Order 1", False, 5)


def test_the_command_says_what_is_wrong_in_a_sentence(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "swflow", "replay", SHOP, str(tmp_path / "nothing.json")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": "src"},
    )
    assert run.returncode == 2
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("swflow: ")
    assert "nothing.json cannot be read" in sentence
