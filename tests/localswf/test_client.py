"""The service in process is to its user what boto3's client is."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localswf import Client, Service, VirtualClock
from tests.localswf.conftest import Swf


def without_chance(value: Any) -> Any:
    """A value without what differs from run to run: times, tokens, and what came by HTTP."""
    if isinstance(value, dict):
        left_out = {"ResponseMetadata", "runId", "taskToken"}
        return {k: without_chance(v) for k, v in value.items() if k not in left_out}
    if isinstance(value, list):
        return [without_chance(member) for member in value]
    return type(value) if isinstance(value, datetime) else value


def test_answers_are_those_of_boto3(swf: Any, http_swf: Any) -> None:
    seen = []
    for each in (swf, http_swf):
        each.start(tagList=["a"], input="")
        answers = [each.decide(each.schedule("resize", input="in"), executionContext="c")]
        answers.append(each.poll_activity(identity="w"))
        token = {"taskToken": answers[-1]["taskToken"]}
        answers.append(each.client.record_activity_task_heartbeat(**token))
        answers.append(each.client.respond_activity_task_completed(**token, result=""))
        answers.append(each.poll_decision(maximumPageSize=2, reverseOrder=True))
        answers.append(each.describe())
        answers.append(each.history())
        answers.append(each.client.list_domains(registrationStatus="REGISTERED"))
        seen.append(without_chance(answers))
    in_process, over_http = seen
    for info in (in_process[-1]["domainInfos"][0], over_http[-1]["domainInfos"][0]):
        del info["arn"]
    for page in (in_process[4], over_http[4]):
        del page["nextPageToken"]
    assert in_process == over_http


def test_errors_are_those_of_boto3(swf: Any, http_swf: Any) -> None:
    refused = []
    for each in (swf, http_swf):
        with pytest.raises(each.client.exceptions.UnknownResourceFault) as caught:
            each.client.describe_domain(name="nowhere")
        assert isinstance(caught.value, ClientError)
        refused.append((caught.value.operation_name, caught.value.response["Error"]))
    assert refused[0] == refused[1]


def test_methods_are_those_of_boto3(client: Any, boto: Any) -> None:
    assert callable(client.start_workflow_execution)
    with pytest.raises(AttributeError, match="no operation 'start_workflow'"):
        _ = client.start_workflow
    assert not hasattr(boto(), "start_workflow")


def test_a_file_outlives_its_service(tmp_path: Path) -> None:
    path, clock = tmp_path / "swf.db", VirtualClock()
    with Client(Service(path, clock)) as client:
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
    with Client(Service(path, clock)) as client:
        assert client.describe_domain(name="videos")["domainInfo"]["name"] == "videos"


def test_under_the_wall_clock(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with Client(Service(tmp_path / "swf.db")) as client:
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
        kind = {"name": "Process", "version": "1"}
        client.register_workflow_type(domain="videos", **kind)
        info = client.describe_workflow_type(domain="videos", workflowType=kind)["typeInfo"]
    assert abs((info["creationDate"] - before).total_seconds()) < 60


def test_pages_come_as_from_boto3(swf: Any, http_swf: Any) -> None:
    seen = []
    for each in (swf, http_swf):
        each.start()
        each.poll_decision()
        pages = each.client.get_paginator("get_workflow_execution_history").paginate(
            domain="videos", execution=each.execution(), PaginationConfig={"PageSize": 1}
        )
        seen.append([event["eventType"] for page in pages for event in page["events"]])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3


def test_a_call_by_its_name_on_the_wire(client: Any) -> None:
    asked = {"name": "videos", "workflowExecutionRetentionPeriodInDays": "1"}
    assert client.call("RegisterDomain", asked) == {}
    with pytest.raises(client.exceptions.DomainAlreadyExistsFault):
        client.call("RegisterDomain", asked)


def test_it_can_be_used_where_an_event_loop_is_running(client: Any) -> None:
    async def poll() -> Any:
        client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
        return client.poll_for_activity_task(domain="videos", taskList={"name": "a"})

    assert "taskToken" not in asyncio.run(poll())


def test_threads_reach_a_service_whose_event_loop_runs_in_another() -> None:
    loop = asyncio.new_event_loop()
    runner = threading.Thread(target=loop.run_forever)
    runner.start()

    async def opened() -> Service:
        return Service()

    service = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    client = Client(service, loop)

    def register(name: str) -> None:
        client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, "abcdefgh"))
    with pytest.raises(client.exceptions.DomainAlreadyExistsFault):
        register("a")
    listed = client.list_domains(registrationStatus="REGISTERED")["domainInfos"]
    client.close()  # not the service, which is its loop's
    assert len(client.list_domains(registrationStatus="REGISTERED")["domainInfos"]) == 8

    asyncio.run_coroutine_threadsafe(service.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    runner.join()
    loop.close()
    assert {each["name"] for each in listed} == set("abcdefgh")


def test_the_service_says_whether_there_is_anything_to_do(clock: VirtualClock) -> None:
    service = Service(clock=clock)
    with Client(service) as client:
        swf = Swf(client)
        assert not service.has_tasks()

        swf.start()
        assert service.has_tasks()
        swf.decide(swf.schedule("resize"), swf.start_timer("later", 60))
        assert service.has_tasks()
        swf.poll_activity()
        assert not service.has_tasks()
        clock.advance(61)
        assert service.has_tasks()

        assert service.is_open(swf.runs["video"])
        swf.decide(swf.complete())
        assert not service.is_open(swf.runs["video"])
        assert not service.has_tasks()
