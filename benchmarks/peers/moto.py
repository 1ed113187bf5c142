"""boto3 on moto: SWF in memory, with a decider that reads the whole history for every decision.

One decider and one worker: moto gives a task to two that poll at the same moment. An empty poll is
answered after a second, however soon a task comes.
"""

import asyncio
import itertools
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from benchmarks.servers import free_port, server
from benchmarks.session import in_threads, serve

_DOMAIN, _TYPE = "benchmarks", {"name": "Add", "version": "1"}


class Program:
    """A client, deciders and workers, each with a boto3 client of its own."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._local = threading.local()
        self._numbers = itertools.count()
        self._ends: dict[str, tuple[threading.Event, list[int]]] = {}
        swf = connect()
        swf.register_domain(name=_DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        swf.register_workflow_type(
            domain=_DOMAIN,
            **_TYPE,
            defaultTaskList={"name": "deciders"},
            defaultExecutionStartToCloseTimeout="3600",
            defaultTaskStartToCloseTimeout="300",
            defaultChildPolicy="TERMINATE",
        )
        swf.register_activity_type(
            domain=_DOMAIN,
            **_TYPE,
            defaultTaskList={"name": "workers"},
            defaultTaskScheduleToStartTimeout="600",
            defaultTaskScheduleToCloseTimeout="900",
            defaultTaskStartToCloseTimeout="300",
            defaultTaskHeartbeatTimeout="300",
        )
        for target in (self._decide, self._work):
            threading.Thread(target=target, args=[connect()], daemon=True).start()

    def run_workflow(self, activities: int, parallel: bool) -> int:
        """Run a workflow; returns what its activities add up to."""
        if not hasattr(self._local, "swf"):
            self._local.swf = self._connect()
        workflow_id = str(next(self._numbers))
        ended, results = self._ends[workflow_id] = threading.Event(), []
        self._local.swf.start_workflow_execution(
            domain=_DOMAIN,
            workflowId=workflow_id,
            workflowType=_TYPE,
            input=json.dumps([activities, parallel]),
        )
        ended.wait()
        return results[0]

    def _work(self, swf: Any) -> None:
        while True:
            task = swf.poll_for_activity_task(domain=_DOMAIN, taskList={"name": "workers"})
            if task.get("taskToken"):
                result = str(int(task["input"]) + 1)
                swf.respond_activity_task_completed(taskToken=task["taskToken"], result=result)

    def _decide(self, swf: Any) -> None:
        while True:
            task = swf.poll_for_decision_task(domain=_DOMAIN, taskList={"name": "deciders"})
            if not task.get("taskToken"):
                continue
            decisions, result = _replay(task["events"])
            swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
            if result is not None:
                ended, results = self._ends.pop(task["workflowExecution"]["workflowId"])
                results.append(result)
                ended.set()


def _replay(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int | None]:
    """What to answer, and the workflow's result if that ends it."""
    started = events[0]["workflowExecutionStartedEventAttributes"]
    activities, parallel = json.loads(started["input"])
    scheduled, values = 0, []
    for event in events:
        if event["eventType"] == "ActivityTaskScheduled":
            scheduled += 1
        elif event["eventType"] == "ActivityTaskCompleted":
            values.append(int(event["activityTaskCompletedEventAttributes"]["result"]))
    total = sum(values) if parallel else max(values, default=0)
    if len(values) == activities:
        return [_decision("CompleteWorkflowExecution", {"result": str(total)})], total
    wanted = activities if parallel else len(values) + 1
    given = "0" if parallel else str(total)
    schedule = [
        {"activityType": _TYPE, "activityId": str(number), "input": given}
        for number in range(scheduled, wanted)
    ]
    return [_decision("ScheduleActivityTask", attributes) for attributes in schedule], None


def _decision(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    member = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    return {"decisionType": kind, member: attributes}


def _fail(failure: threading.ExceptHookArgs) -> None:
    """End the process: without its decider or its worker it would wait for ever."""
    traceback.print_exception(failure.exc_value)
    os._exit(1)


async def main(_folder: Path) -> None:
    """Serve workloads; nothing is kept."""
    port = free_port()
    binary = Path(sys.executable).with_name("moto_server")
    with server([str(binary), "-H", "127.0.0.1", "-p", str(port)], port):

        def connect() -> Any:
            return boto3.session.Session().client(
                "swf",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="benchmark",
                aws_secret_access_key="benchmark",  # noqa: S106 - moto takes any
            )

        threading.excepthook = _fail
        await serve(in_threads(Program(connect).run_workflow))
        threading.excepthook = lambda _: None  # those that poll lose their server now


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
