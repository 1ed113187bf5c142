"""Starting executions and looking after them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from swflow import (
    Client,
    SerializationError,
    SwflowError,
    UnknownExecution,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    activity,
    workflow,
)

DAY = timedelta(days=1)


@activity("Greet", version="1", task_list="greeters", start_to_close=timedelta(seconds=90))
def greet(name: str) -> str:
    return f"hello {name}"


@workflow("Greeting", version="1", task_list="greetings", execution_timeout=timedelta(hours=1))
async def greeting(name: str) -> str:
    return await greet(name)


@pytest.fixture
def client(shared_server: Any, request: pytest.FixtureRequest) -> Client:
    domain = request.node.name.removeprefix("test_")
    client = Client(domain, endpoint_url=shared_server.endpoint_url)
    client.register(greeting, greet, retention=2 * DAY)
    return client


def test_a_domain_is_created_with_the_retention_asked_for(client: Client) -> None:
    domain = client.connection.swf.describe_domain(name=client.domain)
    assert domain["configuration"]["workflowExecutionRetentionPeriodInDays"] == "2"


def test_without_a_retention_no_domain_is_created(client: Client, shared_server: Any) -> None:
    elsewhere = Client("elsewhere", endpoint_url=shared_server.endpoint_url)
    with pytest.raises(SwflowError, match=r"'elsewhere' at http.* does not exist; register it"):
        elsewhere.register(greet)
    client.register(greet)


def test_registering_again_changes_nothing(client: Client) -> None:
    client.register(greeting, greet, retention=7 * DAY)
    domain = client.connection.swf.describe_domain(name=client.domain)
    assert domain["configuration"]["workflowExecutionRetentionPeriodInDays"] == "2"


def test_only_defaults_that_somebody_asked_for_are_registered(client: Client) -> None:
    kind: Any = {"name": "Greet", "version": "1"}
    described = client.connection.swf.describe_activity_type(
        domain=client.domain, activityType=kind
    )
    assert described["configuration"] == {
        "defaultTaskStartToCloseTimeout": "90",
        "defaultTaskList": {"name": "greeters"},
    }


def test_a_started_execution_is_described(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada", tags=["first", "second"])
    info = execution.describe()["executionInfo"]
    assert info["execution"] == {"workflowId": "ada", "runId": execution.run_id}
    assert (execution.status(), info["tagList"]) == ("OPEN", ["first", "second"])
    assert execution.is_open()
    started = execution.history()[0]["workflowExecutionStartedEventAttributes"]
    assert started["input"] == '{"args":["Ada"],"kwargs":{}}'
    assert started["executionStartToCloseTimeout"] == "3600"


def test_the_id_of_an_open_execution_is_refused(client: Client) -> None:
    client.start(greeting, "Ada", workflow_id="ada")
    with pytest.raises(WorkflowAlreadyRunning, match="an execution with the id 'ada' is open"):
        client.start(greeting, "Ada", workflow_id="ada")


def test_arguments_that_do_not_fit_are_found_before_the_start(client: Client) -> None:
    with pytest.raises(SerializationError, match="Greeting: argument 'name'"):
        client.start(greeting, 7, workflow_id="seven")


def test_a_type_that_is_not_registered_says_what_to_do(client: Client) -> None:
    @workflow("Farewell", version="1", task_list="x", execution_timeout=DAY)
    async def farewell() -> None: ...

    with pytest.raises(SwflowError, match=r"Farewell 1 cannot be started .* register the domain"):
        client.start(farewell, workflow_id="ada")


def test_a_history_of_several_pages_comes_whole(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada")
    for number in range(1_050):
        client.connection.swf.signal_workflow_execution(
            domain=client.domain, workflowId="ada", signalName=str(number)
        )
    ids = [event["eventId"] for event in execution.history()]
    assert ids == list(range(1, 1_053))


def test_a_result_that_does_not_come_in_time(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada")
    with pytest.raises(TimeoutError, match="'ada' is still open"):
        execution.result(timedelta(seconds=0.2))


def test_a_terminated_execution(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada")
    execution.terminate("she left")
    with pytest.raises(WorkflowTerminated, match="'ada' was terminated: she left"):
        execution.result()
    assert execution.status() == "TERMINATED"
    assert not execution.is_open()
    with pytest.raises(UnknownExecution, match="'ada' is not open"):
        execution.terminate("again")


def test_an_execution_that_took_too_long(client: Client) -> None:
    @workflow("Brief", version="1", task_list="x", execution_timeout=timedelta(seconds=1))
    async def brief() -> None: ...

    client.register(brief)
    with pytest.raises(WorkflowTimedOut, match="longer than its execution timeout"):
        client.start(brief, workflow_id="ada").result()


def close_with(client: Client, decision: Any) -> None:
    task = client.connection.swf.poll_for_decision_task(
        domain=client.domain, taskList={"name": "greetings"}
    )
    client.connection.swf.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[decision]
    )


def test_results_are_read_by_the_workflows_type(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada")
    done = {"result": '"hello Ada"'}
    close_with(
        client,
        {
            "decisionType": "CompleteWorkflowExecution",
            "completeWorkflowExecutionDecisionAttributes": done,
        },
    )
    assert execution.result() == "hello Ada"
    assert client.execution("ada", execution.run_id).result() == "hello Ada"


def test_a_failed_execution_says_why(client: Client) -> None:
    execution = client.start(greeting, "Ada", workflow_id="ada")
    why = {"reason": "nobody home", "details": '{"retry":false,"details":{"door":1}}'}
    close_with(
        client,
        {
            "decisionType": "FailWorkflowExecution",
            "failWorkflowExecutionDecisionAttributes": why,
        },
    )
    with pytest.raises(WorkflowFailed) as caught:
        execution.result()
    error = caught.value
    assert (error.reason, error.details, error.retry) == ("nobody home", {"door": 1}, False)


def test_without_a_run_id_it_is_the_latest(client: Client) -> None:
    first = client.start(greeting, "Ada", workflow_id="ada")
    client.start(greeting, "Bob", workflow_id="bob")
    first.terminate("again")
    assert client.execution("ada").run_id == first.run_id
    second = client.start(greeting, "Ada", workflow_id="ada")
    assert client.execution("ada").run_id == second.run_id
    second.terminate("enough")
    assert client.execution("ada").run_id == second.run_id


def test_an_id_that_nobody_knows(client: Client) -> None:
    with pytest.raises(UnknownExecution, match="knows no execution with the id 'bob'"):
        client.execution("bob")


def test_a_cancelled_execution(client: Client) -> None:
    execution = client.start(greeting, "Ada")
    swf = client.connection.swf
    task = swf.poll_for_decision_task(domain=client.domain, taskList={"name": "greetings"})
    swf.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[{"decisionType": "CancelWorkflowExecution"}]
    )
    with pytest.raises(WorkflowCancelled, match="was cancelled"):
        execution.result()


@pytest.mark.parametrize(
    "make",
    [
        lambda: activity(version="1", task_list="x", start_to_close=timedelta(seconds=-1))(print),
        lambda: workflow(version="1", task_list="x", execution_timeout=timedelta(-1))(
            greeting.function
        ),
    ],
    ids=["activity", "workflow"],
)
def test_a_negative_timeout_is_refused_at_once(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        make()


def test_a_profile_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(SwflowError, match=r"cannot connect to Amazon SWF: .*nowhere"):
        Client("people", profile="nowhere").connection.swf  # noqa: B018 - it is what fails


def test_a_region_passes_through() -> None:
    assert Client("people", region="eu-west-1").connection.swf.meta.region_name == "eu-west-1"


def test_without_a_region_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(SwflowError, match="region"):
        Client("people").connection.swf  # noqa: B018 - it is what fails
