"""The workloads on SWF: a sticky decider and workers, over whatever carries their calls.

The decider keeps each workflow in memory and asks for what is new only: it answers a decision task
with a task list of its own for the next one, and polls with `startAtPreviousStartedEvent`.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.session import RunWorkflow
from benchmarks.swf_client import Call

DOMAIN = "benchmarks"
TYPE = {"name": "Add", "version": "1"}
SHARED, _STICKY, WORK = "deciders", "deciders-sticky", "workers"
_POLLERS = 10
_STICKY_SECONDS = "30"

Open = Callable[[], Awaitable[Call]]
"""Opens something that carries calls, one at a time."""


@dataclass(slots=True)
class _Instance:
    """A workflow in the decider's memory."""

    activities: int
    parallel: bool
    last_started: int = 0
    done: int = 0
    total: int = 0


@contextlib.asynccontextmanager
async def running(open_: Open) -> AsyncIterator[RunWorkflow]:
    """A decider and workers on a service that knows nothing yet; gives what starts workflows."""
    await register(await open_())
    program = _Program(open_)
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(loop)
            for _ in range(_POLLERS)
            for loop in (program.decide(SHARED), program.decide(_STICKY), program.work())
        ]
        yield program.run_workflow
        for loop in loops:
            loop.cancel()


async def register(call: Call) -> None:
    """Make the domain, a workflow type and an activity type known."""
    domain = {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}
    workflow_defaults = {
        "defaultTaskList": {"name": SHARED},
        "defaultExecutionStartToCloseTimeout": "3600",
        "defaultTaskStartToCloseTimeout": "60",
        "defaultChildPolicy": "TERMINATE",
    }
    activity_defaults = {
        "defaultTaskList": {"name": WORK},
        "defaultTaskScheduleToStartTimeout": "600",
        "defaultTaskScheduleToCloseTimeout": "900",
        "defaultTaskStartToCloseTimeout": "300",
        "defaultTaskHeartbeatTimeout": "60",
    }
    of_domain = {"domain": DOMAIN, **TYPE}
    await call("RegisterDomain", domain)
    await call("RegisterWorkflowType", of_domain | workflow_defaults)
    await call("RegisterActivityType", of_domain | activity_defaults)


class _Program:
    """A client, a decider and workers."""

    def __init__(self, open_: Open) -> None:
        self._open = open_
        self._instances: dict[str, _Instance] = {}
        self._results: dict[str, asyncio.Future[int]] = {}
        self._numbers = itertools.count()
        self._idle: list[Call] = []

    async def run_workflow(self, activities: int, parallel: bool) -> int:
        """Run a workflow; returns what its activities add up to.

        SWF tells nobody but a decider that a workflow ended, so the decider of this process does.
        """
        workflow_id = str(next(self._numbers))
        result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._results[workflow_id] = result
        call = self._idle.pop() if self._idle else await self._open()
        start = {"domain": DOMAIN, "workflowId": workflow_id, "workflowType": TYPE}
        plan = json.dumps({"activities": activities, "parallel": parallel})
        await call("StartWorkflowExecution", {**start, "input": plan})
        self._idle.append(call)
        return await result

    async def work(self) -> None:
        """Poll for activity tasks and answer them."""
        call = await self._open()
        poll = {"domain": DOMAIN, "taskList": {"name": WORK}}
        while True:
            task = await call("PollForActivityTask", poll)
            if "taskToken" in task:
                answer = {"taskToken": task["taskToken"], "result": str(int(task["input"]) + 1)}
                await call("RespondActivityTaskCompleted", answer)

    async def decide(self, task_list: str) -> None:
        """Poll for decision tasks and answer them."""
        call = await self._open()
        poll = {
            "domain": DOMAIN,
            "taskList": {"name": task_list},
            "startAtPreviousStartedEvent": True,
        }
        while True:
            task = page = await call("PollForDecisionTask", poll)
            if not task["taskToken"]:
                continue
            while "nextPageToken" in page:
                more = {**poll, "nextPageToken": page["nextPageToken"]}
                page = await call("PollForDecisionTask", more)
                task["events"] += page["events"]
            decisions, result = self._decisions(task)
            answer = {
                "taskToken": task["taskToken"],
                "decisions": decisions,
                "taskList": {"name": _STICKY},
                "taskListScheduleToStartTimeout": _STICKY_SECONDS,
            }
            await call("RespondDecisionTaskCompleted", answer)
            if result is not None:
                execution = task["workflowExecution"]
                del self._instances[execution["runId"]]
                self._results.pop(execution["workflowId"]).set_result(result)

    def _decisions(self, task: dict[str, Any]) -> tuple[list[dict[str, Any]], int | None]:
        """What to answer, and the workflow's result if that ends it."""
        run_id, events = task["workflowExecution"]["runId"], task["events"]
        if not task["previousStartedEventId"]:
            plan = json.loads(events[0]["workflowExecutionStartedEventAttributes"]["input"])
            self._instances[run_id] = _Instance(**plan)
        instance = self._instances[run_id]
        if task["previousStartedEventId"] != instance.last_started:
            raise RuntimeError("A decision task was lost; the figures would be those of a replay.")
        before = instance.done
        for event in events:
            if event["eventId"] > instance.last_started:
                self._apply(instance, event)
        first, instance.last_started = not instance.last_started, task["startedEventId"]
        if instance.done == instance.activities:
            attributes = {"result": str(instance.total)}
            return [decision("CompleteWorkflowExecution", attributes)], instance.total
        if instance.parallel:
            wanted = range(instance.activities) if first else range(0)
        else:
            wanted = range(instance.done, instance.done + (first or instance.done > before))
        given = 0 if instance.parallel else instance.total
        return [schedule(number, given) for number in wanted], None

    def _apply(self, instance: _Instance, event: dict[str, Any]) -> None:
        kind = event["eventType"]
        if kind == "ActivityTaskCompleted":
            result = int(event["activityTaskCompletedEventAttributes"]["result"])
            instance.done += 1
            instance.total = instance.total + result if instance.parallel else result
        elif kind.endswith(("TimedOut", "Failed")):
            raise RuntimeError(f"The benchmark goes wrong: {event}")


def schedule(number: int, given: int) -> dict[str, Any]:
    """The decision to have an activity done."""
    attributes = {"activityType": TYPE, "activityId": str(number), "input": str(given)}
    return decision("ScheduleActivityTask", attributes)


def decision(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """A decision as it is on the wire."""
    member = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    return {"decisionType": kind, member: attributes}
