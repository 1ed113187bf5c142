"""Lambda tasks: functions that executions schedule, and how they end."""

import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock
from localswf.clock import WallClock
from localswf.engine.command_function import CommandFunction

ROLE = "arn:aws:iam::123456789012:role/lambda"
ENDED = ["LambdaFunctionCompleted", "DecisionTaskScheduled"]


def shout(text: str | None) -> str | None:
    return None if text is None else text.upper()


def scheduled(swf: Any, function_id: str = "a", name: str = "shout", **attributes: Any) -> Any:
    asked = {"id": function_id, "name": name, **attributes}
    return swf.decision("ScheduleLambdaFunction", **asked)


def details(swf: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(swf.last("LambdaFunctionFailed")["details"])
    return told


@pytest.fixture
def swf(open_swf: Callable[..., Any]) -> Any:
    """A service with a few functions, and an execution that may run them."""
    functions = {"shout": shout, "break": json.loads, "count": len, "boast": lambda _: "x" * 40_000}
    swf = open_swf(lambdas=functions)
    swf.start(lambdaRole=ROLE)
    return swf


def test_a_function_runs_and_the_decider_hears_of_it(swf: Any) -> None:
    task = scheduled(swf, input="hello", control="mine", startToCloseTimeout="5")
    swf.decide(task)

    assert swf.types()[4:] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", *ENDED]
    assert swf.last("LambdaFunctionScheduled") == {
        "control": "mine",
        "decisionTaskCompletedEventId": 4,
        "id": "a",
        "input": "hello",
        "name": "shout",
        "startToCloseTimeout": "5",
    }
    assert swf.last("LambdaFunctionStarted") == {"scheduledEventId": 5}
    assert swf.last("LambdaFunctionCompleted") == {
        "result": "HELLO",
        "scheduledEventId": 5,
        "startedEventId": 6,
    }
    completed, decision = swf.history()[-2:]
    assert completed["eventTimestamp"] == decision["eventTimestamp"]


def test_a_function_without_input_and_result(swf: Any) -> None:
    swf.decide(scheduled(swf))
    assert swf.last("LambdaFunctionScheduled")["startToCloseTimeout"] == "300"
    assert swf.last("LambdaFunctionCompleted") == {"scheduledEventId": 5, "startedEventId": 6}


def test_a_function_may_be_named_by_its_arn(swf: Any) -> None:
    swf.decide(scheduled(swf, name="arn:aws:lambda:us-east-1:1:function:shout:live", input="a"))
    assert swf.last("LambdaFunctionCompleted")["result"] == "A"


def test_a_function_that_raises_fails_as_on_lambda(swf: Any) -> None:
    swf.decide(scheduled(swf, name="break", input="{"))

    assert swf.types()[-2:] == ["LambdaFunctionFailed", "DecisionTaskScheduled"]
    failed = swf.last("LambdaFunctionFailed")
    assert failed.pop("details")
    assert failed == {"reason": "UnhandledError", "scheduledEventId": 5, "startedEventId": 6}
    assert details(swf)["errorType"] == "JSONDecodeError"
    assert details(swf)["errorMessage"].startswith("Expecting property name")


@pytest.mark.parametrize("clock", [VirtualClock(), WallClock()], ids=["virtual", "wall"])
def test_a_trace_begins_with_the_function(open_swf: Callable[..., Any], clock: Any) -> None:
    def stumble(_: str | None) -> str:
        raise LookupError("nothing there")

    swf = open_swf(clock=clock, lambdas={"stumble": stumble})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="stumble"))
    assert swf.poll_decision()["taskToken"]

    told = details(swf)
    (line,) = told.pop("stackTrace")
    assert told == {"errorMessage": "nothing there", "errorType": "LookupError"}
    assert line.startswith(f'  File "{__file__}", line')


@pytest.mark.parametrize(
    ("name", "error_type"),
    [("count", "Runtime.MarshalError"), ("boast", "Function.ResponseSizeTooLarge")],
)
def test_a_result_that_no_history_takes(swf: Any, name: str, error_type: str) -> None:
    swf.decide(scheduled(swf, name=name, input="abc"))
    assert details(swf)["errorType"] == error_type


def test_a_message_that_no_history_takes_is_cut(open_swf: Callable[..., Any]) -> None:
    def complain(_: str | None) -> str:
        raise ValueError("\0" * 40_000)

    swf = open_swf(lambdas={"complain": complain})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="complain"))
    assert len(swf.last("LambdaFunctionFailed")["details"]) <= 32_768
    assert details(swf)["errorMessage"] == "\0" * 5_000


def test_a_function_that_is_not_there(swf: Any) -> None:
    swf.decide(scheduled(swf, name="nothing"))
    assert swf.last("LambdaFunctionFailed")["reason"] == "ResourceNotFoundException"
    assert details(swf) == {"errorMessage": "Function not found: nothing"}


def test_without_a_role_no_function_starts(open_swf: Callable[..., Any]) -> None:
    swf = open_swf(lambdas={"shout": shout})
    swf.start()
    swf.decide(scheduled(swf))

    assert swf.types()[-2:] == ["StartLambdaFunctionFailed", "DecisionTaskScheduled"]
    assert swf.last("StartLambdaFunctionFailed") == {
        "cause": "ASSUME_ROLE_FAILED",
        "message": "No IAM role is attached to the current workflow execution.",
        "scheduledEventId": 5,
    }
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 0


def test_the_role_may_come_from_the_type(open_swf: Callable[..., Any]) -> None:
    swf = open_swf(lambdas={"shout": shout})
    swf.client.register_workflow_type(
        domain="videos",
        name="Lambda",
        version="1",
        defaultLambdaRole=ROLE,
        defaultTaskList={"name": "deciders"},
        defaultExecutionStartToCloseTimeout="60",
        defaultTaskStartToCloseTimeout="60",
        defaultChildPolicy="ABANDON",
    )
    run = swf.client.start_workflow_execution(
        domain="videos", workflowId="w", workflowType={"name": "Lambda", "version": "1"}
    )
    swf.runs["w"] = run["runId"]
    swf.decide(scheduled(swf))
    assert swf.types("w")[-2:] == ENDED
    assert swf.describe("w")["executionConfiguration"]["lambdaRole"] == ROLE


def test_without_functions_there_is_no_lambda(open_swf: Callable[..., Any]) -> None:
    swf = open_swf()
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, input="{}"))

    assert swf.types()[-2:] == ["ScheduleLambdaFunctionFailed", "DecisionTaskScheduled"]
    assert swf.last("ScheduleLambdaFunctionFailed") == {
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
        "id": "a",
        "name": "shout",
    }


def test_an_id_may_be_used_again_when_its_function_is_over(swf: Any) -> None:
    swf.decide(scheduled(swf), scheduled(swf))
    assert swf.last("ScheduleLambdaFunctionFailed")["cause"] == "ID_ALREADY_IN_USE"
    swf.decide(scheduled(swf))
    assert swf.types().count("LambdaFunctionCompleted") == 2


def test_only_so_many_functions_may_be_open(swf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localswf.limits.OPEN_PER_EXECUTION", 2)
    swf.decide(*[scheduled(swf, function_id) for function_id in "abc"])
    failed = swf.last("ScheduleLambdaFunctionFailed")
    assert (failed["id"], failed["cause"]) == ("c", "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED")
    assert swf.types().count("LambdaFunctionCompleted") == 2


@pytest.mark.parametrize("seconds", ["0", "901", "NONE"])
def test_a_function_runs_a_second_at_least_and_15_minutes_at_most(swf: Any, seconds: str) -> None:
    token = swf.poll_decision()["taskToken"]
    code, message = swf.refusal(
        "respond_decision_task_completed",
        taskToken=token,
        decisions=[scheduled(swf, startToCloseTimeout=seconds)],
    )
    assert code == "ValidationException"
    path = "decisions.1.member.scheduleLambdaFunctionDecisionAttributes.startToCloseTimeout"
    assert message.startswith(f"1 validation error detected: Value '{seconds}' at '{path}' failed")


def test_a_function_that_takes_too_long_times_out(
    open_swf: Callable[..., Any], clock: VirtualClock
) -> None:
    def dawdle(_: str | None) -> str:
        clock.advance(6)
        return "too late"

    swf = open_swf(lambdas={"dawdle": dawdle})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="dawdle", startToCloseTimeout="5"))

    assert swf.types()[-2:] == ["LambdaFunctionTimedOut", "DecisionTaskScheduled"]
    assert swf.last("LambdaFunctionTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": 6,
        "timeoutType": "START_TO_CLOSE",
    }
    swf.decide(scheduled(swf, name="nothing"))
    assert swf.types()[-2] == "LambdaFunctionFailed"


def test_a_closed_execution_starts_nothing(open_swf: Callable[..., Any]) -> None:
    called = []
    swf = open_swf(lambdas={"note": called.append})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="note"), swf.complete())

    assert swf.types()[-2:] == ["LambdaFunctionScheduled", "WorkflowExecutionCompleted"]
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 0
    assert called == []


def test_what_was_scheduled_is_started_after_a_restart(
    tmp_path: Path, clock: VirtualClock, open_swf: Callable[..., Any]
) -> None:
    path = tmp_path / "swf.db"
    swf = open_swf(path=path, lambdas={"shout": shout})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, input="again"))
    swf.client.close()

    with Client(Service(path, clock, lambdas={"shout": shout})) as swf.client:
        assert swf.types()[-2:] == ENDED
        assert swf.last("LambdaFunctionCompleted")["result"] == "AGAIN"


def test_a_function_waits_until_its_start_is_on_disk(
    tmp_path: Path, clock: VirtualClock, open_swf: Callable[..., Any]
) -> None:
    def refuse() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    called: list[str | None] = []
    swf = open_swf(path=tmp_path / "swf.db", lambdas={"note": called.append})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="note", input="a"))
    writer = swf.client._service._journal._writer
    writer.create_function("refuse", 0, refuse)
    writer.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON main.events BEGIN SELECT refuse(); END"
    )
    clock.advance(5)
    assert swf.refusal("list_domains", registrationStatus="REGISTERED")[0] == "InternalFailure"
    assert called == []

    writer.execute("DROP TRIGGER temp.full")
    clock.advance(2)
    swf.describe()
    assert swf.types()[-2:] == ENDED
    assert called == ["a"]


def test_a_command_needs_real_time(open_swf: Callable[..., Any]) -> None:
    swf = open_swf(lambdas={"date": CommandFunction(["date"])})
    swf.start(lambdaRole=ROLE)
    swf.decide(scheduled(swf, name="date"))
    message = "A command takes real time, and a virtual clock has none."
    assert details(swf)["errorMessage"] == message


def test_functions_run_in_threads_a_few_at_a_time(open_swf: Callable[..., Any]) -> None:
    running: set[int] = set()
    most = []

    def note(_: str | None) -> str:
        running.add(threading.get_ident())
        most.append(len(running))
        time.sleep(0.02)
        running.discard(threading.get_ident())
        return str(threading.get_ident() == main)

    main = threading.get_ident()
    swf = open_swf(clock=WallClock(), lambdas={"note": note})
    swf.start(lambdaRole=ROLE)
    swf.decide(*[scheduled(swf, str(number), name="note") for number in range(40)])
    while swf.types().count("LambdaFunctionCompleted") < 40:
        swf.decide()

    assert 1 < max(most) <= 16
    steps = {"LambdaFunctionStarted": 1, "LambdaFunctionCompleted": -1}
    begun = itertools.accumulate(steps.get(event_type, 0) for event_type in swf.types())
    assert max(begun) <= 16
    assert swf.last("LambdaFunctionCompleted")["result"] == "False"
