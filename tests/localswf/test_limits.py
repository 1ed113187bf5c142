"""SWF's quotas: how much there may be of everything that its model does not limit."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localswf import Client, Service, VirtualClock, limits
from localswf.errors import SwfError

LIMIT = 1000
PROCESS = {"name": "Process", "version": "1"}
YEAR = 31_536_000


def test_a_history_that_grows_too_long_ends_its_execution(
    swf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localswf.limits.EVENTS", 12)
    swf.start()
    signal = {"domain": "videos", "workflowId": "video", "signalName": "again"}
    for _ in range(9):
        swf.client.signal_workflow_execution(**signal)
    assert len(swf.types()) == 11
    swf.client.signal_workflow_execution(**signal)

    assert swf.types()[-2:] == ["WorkflowExecutionSignaled", "WorkflowExecutionTerminated"]
    assert swf.last("WorkflowExecutionTerminated") == {
        "cause": "EVENT_LIMIT_EXCEEDED",
        "childPolicy": "TERMINATE",
    }
    assert swf.refusal("signal_workflow_execution", **signal)[0] == "UnknownResourceFault"


def test_25_000_events_are_too_many(swf: Any) -> None:
    swf.start()
    markers = [swf.marker("m")] * 4_000
    for number in itertools.count():
        swf.decide(*markers, swf.start_timer(str(number), 0))
        swf.client._service.clock.advance(1)
        if swf.describe()["executionInfo"]["executionStatus"] == "CLOSED":
            break
    events = swf.history(reverseOrder=True, maximumPageSize=1)
    assert events[0]["eventType"] == "WorkflowExecutionTerminated"
    assert 25_000 < events[0]["eventId"] < 25_000 + 2 * 4_000


@pytest.mark.parametrize(
    ("kind", "failed", "cause"),
    [
        ("activity", "ScheduleActivityTaskFailed", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"),
        ("timer", "StartTimerFailed", "OPEN_TIMERS_LIMIT_EXCEEDED"),
        ("child", "StartChildWorkflowExecutionFailed", "OPEN_CHILDREN_LIMIT_EXCEEDED"),
    ],
)
def test_a_thousand_may_be_open(swf: Any, kind: str, failed: str, cause: str) -> None:
    def one(number: int) -> Any:
        if kind == "activity":
            return swf.schedule(str(number))
        if kind == "timer":
            return swf.start_timer(str(number), 9)
        reference = {"name": "Process", "version": "1"}
        asked = {"workflowId": f"child {number}", "workflowType": reference}
        return swf.decision("StartChildWorkflowExecution", **asked, taskList={"name": "nursery"})

    swf.start()
    swf.decide(*map(one, range(LIMIT)), swf.marker("full"))
    swf.client.signal_workflow_execution(domain="videos", workflowId="video", signalName="more")
    swf.decide(one(LIMIT))

    latest = swf.history(reverseOrder=True, maximumPageSize=2)
    assert [event["eventType"] for event in latest] == ["DecisionTaskScheduled", failed]
    attributes = latest[1][f"{failed[0].lower()}{failed[1:]}EventAttributes"]
    assert attributes["cause"] == cause


def test_a_hundred_domains_are_enough(client: Any) -> None:
    domain = {"workflowExecutionRetentionPeriodInDays": "1"}
    for number in range(100):
        client.register_domain(name=str(number), **domain)
    client.deprecate_domain(name="0")
    with pytest.raises(client.exceptions.LimitExceededFault) as caught:
        client.register_domain(name="one more", **domain)
    assert str(caught.value).endswith("An account can have at most 100 domains")
    with pytest.raises(client.exceptions.DomainAlreadyExistsFault):
        client.register_domain(name="0", **domain)


@pytest.mark.parametrize("kind", ["workflow", "activity"])
def test_a_domain_has_so_many_types_of_each_kind(
    swf: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert limits.TYPES == 10_000
    monkeypatch.setattr(limits, "TYPES", 2)
    register = f"register_{kind}_type"
    getattr(swf.client, register)(domain="videos", name="Second", version="1")
    getattr(swf.client, f"deprecate_{kind}_type")(
        domain="videos", **{f"{kind}Type": {"name": "Second", "version": "1"}}
    )
    third = {"domain": "videos", "name": "Third", "version": "1"}
    assert swf.refusal(register, **third) == (
        "LimitExceededFault",
        f"A domain can have at most 2 {kind.title()}Types",
    )
    # Other domains have their own.
    swf.client.register_domain(name="others", workflowExecutionRetentionPeriodInDays="1")
    getattr(swf.client, register)(**{**third, "domain": "others"})


def test_a_domain_has_so_many_open_executions(
    tmp_path: Path,
    open_swf: Callable[..., Any],
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert limits.OPEN_EXECUTIONS == 100_000
    monkeypatch.setattr(limits, "OPEN_EXECUTIONS", 2)
    path = tmp_path / "swf.db"
    swf = open_swf(path=path)
    swf.start("a")
    swf.start("b")
    third = {"domain": "videos", "workflowId": "c", "workflowType": PROCESS}
    too_many = ("LimitExceededFault", "A domain can have at most 2 open workflow executions")
    assert swf.refusal("start_workflow_execution", **third) == too_many
    swf.client.close()

    with Client(Service(path, clock)) as swf.client:
        assert swf.refusal("start_workflow_execution", **third) == too_many
        swf.decide(swf.decision("ContinueAsNewWorkflowExecution"))
        swf.decide(swf.complete())
        swf.start("c")


def test_children_are_executions_of_their_domain(swf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPEN_EXECUTIONS", 2)
    swf.start()
    asked = [{"workflowId": name, "workflowType": PROCESS} for name in ("first", "second")]
    swf.decide(*[swf.decision("StartChildWorkflowExecution", **child) for child in asked])

    assert swf.types()[4:] == [
        "StartChildWorkflowExecutionInitiated",
        "StartChildWorkflowExecutionFailed",
        "DecisionTaskScheduled",
        "ChildWorkflowExecutionStarted",
    ]
    assert swf.last("StartChildWorkflowExecutionFailed") == {
        **asked[1],
        "cause": "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 0,
    }


@pytest.mark.parametrize("kind", ["Activity", "Decision"])
def test_a_task_list_has_so_many_pollers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.POLLERS == 1000
    monkeypatch.setattr(limits, "POLLERS", 2)

    async def poll_thrice() -> None:
        service = Service()
        retention = {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
        await service.call("RegisterDomain", retention)

        def poll(task_list: str) -> asyncio.Future[Any]:
            request = {"domain": "d", "taskList": {"name": task_list}}
            return service.call(f"PollFor{kind}Task", request)

        waiting = [poll("a"), poll("a")]
        with pytest.raises(SwfError) as caught:
            await poll("a")
        assert caught.value.body() == {
            "__type": "com.amazonaws.swf.base.model#LimitExceededFault",
            "message": "Limit on maximum concurrent poll requests per task list reached",
        }
        waiting.append(poll("b"))
        waiting[0].cancel()
        await asyncio.sleep(0)
        waiting.append(poll("a"))
        assert not any(one.done() for one in waiting[1:])
        await service.close()

    asyncio.run(poll_thrice())


@pytest.mark.parametrize("seconds", [YEAR, YEAR + 1])
@pytest.mark.parametrize("how", ["start", "register", "child", "continue"])
def test_an_execution_lasts_a_year_at_most(swf: Any, how: str, seconds: int) -> None:
    timeout = {"executionStartToCloseTimeout": str(seconds)}
    method, request, path = "respond_decision_task_completed", {}, ""
    if how == "start":
        method = "start_workflow_execution"
        request = {"domain": "videos", "workflowId": "w", "workflowType": PROCESS, **timeout}
    elif how == "register":
        method, path = "register_workflow_type", "default"
        timeout = {"defaultExecutionStartToCloseTimeout": str(seconds)}
        request = {"domain": "videos", "name": "Long", "version": "1", **timeout}
    else:
        kind, asked = "ContinueAsNewWorkflowExecution", {}
        if how == "child":
            kind = "StartChildWorkflowExecution"
            asked = {"workflowId": "child", "workflowType": PROCESS}
        swf.start()
        made = swf.decision(kind, **asked, **timeout)
        request = {"taskToken": swf.poll_decision()["taskToken"], "decisions": [made]}
        path = f"decisions.1.member.{kind[0].lower()}{kind[1:]}DecisionAttributes."
    name = f"{path}{'E' if how == 'register' else 'e'}xecutionStartToCloseTimeout"

    if seconds == YEAR:
        getattr(swf.client, method)(**request)
    else:
        code, message = swf.refusal(method, **request)
        assert code == "ValidationException"
        assert f"Value '{seconds}' at '{name}' failed to satisfy constraint" in message
        assert message.endswith(f"Member must have value less than or equal to {YEAR}")
