"""Commands as Lambda functions of a server: real processes."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service
from localswf.engine.command_function import CommandFileError, CommandFunction, load_commands

ROLE = "arn:aws:iam::123456789012:role/lambda"
SHOUT = "import sys; print(sys.stdin.read().upper())"
COMMANDS = {
    "shout": [sys.executable, "-c", SHOUT],
    "give-up": ["sh", "-c", "echo no luck >&2; exit 3"],
    "die": ["sh", "-c", "kill -9 $$"],
    "deaf": ["true"],
    "flood": ["sh", "-c", "while echo 0123456789012345678901234567890123456789; do :; done"],
    "grumble": ["sh", "-c", "head -c 300000 /dev/zero >&2; echo done"],
    "binary": ["printf", "\\377"],
    "linger": ["sh", "-c", 'sleep 600 & echo $! > "$0"; wait', "PIDFILE"],
}


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "pid"


@pytest.fixture
def swf_server(
    open_swf_server: Callable[..., Any], tmp_path: Path, pid_file: Path
) -> Iterator[Any]:
    """A server with commands."""
    lines = [f"{name} = {json.dumps(arguments)}\n" for name, arguments in COMMANDS.items()]
    commands = tmp_path / "lambdas.toml"
    commands.write_text("".join(lines).replace("PIDFILE", str(pid_file)))
    with open_swf_server(tmp_path / "swf.db", "--lambdas", str(commands)) as server:
        yield server
    if pid_file.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 9)


def schedule(swf: Any, name: str, **attributes: Any) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(swf.decision("ScheduleLambdaFunction", id="a", name=name, **attributes))


def until(condition: Callable[[], Any]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("It never came true.")


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with contextlib.suppress(FileNotFoundError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def outcome(swf: Any, name: str, **attributes: Any) -> Any:
    """What a function's end told; for a failure, what AWS Lambda would say."""
    schedule(swf, name, **attributes)
    assert swf.poll_decision()["taskToken"]
    if "LambdaFunctionCompleted" in swf.types():
        return swf.last("LambdaFunctionCompleted")["result"]
    return json.loads(swf.last("LambdaFunctionFailed")["details"])


def test_a_command_reads_its_input_and_writes_its_result(http_swf: Any) -> None:
    assert outcome(http_swf, "shout", input="h\u00e9llo\nyou") == "H\u00c9LLO\nYOU"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "give-up",
            {"errorType": "Runtime.ExitError", "errorMessage": "exit status 3: no luck"},
        ),
        ("die", {"errorType": "Runtime.ExitError", "errorMessage": "signal 9"}),
        ("deaf", ""),
        (
            "flood",
            {
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": "The result has more than 131072 bytes.",
            },
        ),
        ("grumble", "done"),
        (
            "binary",
            {"errorType": "Runtime.MarshalError", "errorMessage": "The result is no UTF-8."},
        ),
    ],
)
def test_how_commands_end(http_swf: Any, name: str, expected: Any) -> None:
    assert outcome(http_swf, name, input="x" * 30_000) == expected


def test_a_command_that_takes_too_long_ends_with_all_it_started(
    http_swf: Any, pid_file: Path
) -> None:
    schedule(http_swf, "linger", startToCloseTimeout="1")
    assert http_swf.poll_decision()["taskToken"]

    assert http_swf.last("LambdaFunctionTimedOut")["timeoutType"] == "START_TO_CLOSE"
    until(lambda: not runs(int(pid_file.read_text())))


def test_a_server_that_stops_ends_its_commands(
    http_swf: Any, swf_server: Any, pid_file: Path
) -> None:
    schedule(http_swf, "linger")
    until(lambda: pid_file.exists() and pid_file.read_text())
    assert http_swf.describe()["openCounts"]["openLambdaFunctions"] == 1
    assert swf_server.stop() == 0
    until(lambda: not runs(int(pid_file.read_text())))


def test_a_command_of_a_server_that_was_killed_times_out(
    http_swf: Any, swf_server: Any, pid_file: Path
) -> None:
    schedule(http_swf, "linger", startToCloseTimeout="2")
    until(lambda: pid_file.exists() and pid_file.read_text())
    swf_server.kill()
    swf_server.restart()

    assert http_swf.poll_decision()["taskToken"]
    assert http_swf.last("LambdaFunctionTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": 6,
        "timeoutType": "START_TO_CLOSE",
    }


def test_nothing_is_started_while_a_service_closes(tmp_path: Path) -> None:
    trace = tmp_path / "started"

    async def schedule_and_close() -> None:
        service = Service(
            tmp_path / "swf.db", lambdas={"touch": CommandFunction(["touch", str(trace)])}
        )
        named = {"name": "n", "version": "1"}
        request: dict[str, Any] = {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
        await service.call("RegisterDomain", request)
        await service.call("RegisterWorkflowType", {"domain": "d", **named})
        parameters = {
            "childPolicy": "ABANDON",
            "executionStartToCloseTimeout": "60",
            "lambdaRole": ROLE,
            "taskList": {"name": "l"},
            "taskStartToCloseTimeout": "60",
        }
        request = {"domain": "d", "workflowId": "w", "workflowType": named, **parameters}
        await service.call("StartWorkflowExecution", request)
        task = await service.call("PollForDecisionTask", {"domain": "d", "taskList": {"name": "l"}})
        asked = {"id": "a", "name": "touch"}
        made = {
            "decisionType": "ScheduleLambdaFunction",
            "scheduleLambdaFunctionDecisionAttributes": asked,
        }
        request = {"taskToken": task["taskToken"], "decisions": [made]}
        answered = service.call("RespondDecisionTaskCompleted", request)
        service.wake()
        await asyncio.gather(answered, service.close())

    asyncio.run(schedule_and_close())
    with Client(Service(tmp_path / "swf.db")) as client:
        listed = client.list_open_workflow_executions(
            domain="d", startTimeFilter={"oldestDate": 0}
        )["executionInfos"]
        history = client.get_workflow_execution_history(
            domain="d", execution=listed[0]["execution"]
        )
    assert history["events"][-1]["eventType"] == "LambdaFunctionStarted"
    assert not trace.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read: No such file or directory."),
        ("resize = ", "is no TOML: Invalid value"),
        ('resize = "resize.py"', "resize must be a list of strings: a program and its arguments."),
        ("resize = []", "resize must be a list of strings: a program and its arguments."),
        ("resize = [1]", "resize must be a list of strings: a program and its arguments."),
        ('resize = ["/nowhere/x"]', "there is no program /nowhere/x for resize."),
    ],
)
def test_a_file_that_names_no_commands(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "lambdas.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandFileError) as caught:
        load_commands(path)
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--lambdas", "nowhere.toml"), "nowhere.toml cannot be read: No such file or directory."),
        (("--refuse", "StartTimer"), "StartTimer has no =, as in StartTimer="),
        (("--refuse", "Start=X"), "Amazon SWF has no operation and no decision Start."),
        (
            ("--refuse", "RecordMarker=X"),
            "RecordMarker is never refused by X, only by OPERATION_NOT_PERMITTED.",
        ),
    ],
)
def test_a_command_line_that_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str], problem: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    data = str(tmp_path / "swf.db")
    command = [sys.executable, "-m", "localswf", "serve", "--data", data, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert problem in ended.stderr
    assert "Traceback" not in ended.stderr
