"""Clients, deciders and workers that do all that can be done to executions, at random."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from harness.ledger import Ledger, Task
from harness.oracle import CLOSES, History, is_closed
from harness.swf_json import attributes, decision
from harness.thin_client import Answer, Cut, Refused, ThinClient

_KIND = {"name": "Process", "version": "1"}
_MOST_OPEN = 25
_LONG_HISTORY = 40
Step = Callable[[ThinClient], Awaitable[None]]


class Load:
    """What is kept up while a server is killed and started again.

    Attributes:
        ledger: all that was sent and told.
        up: set while there is a server.
        port: where it is.
    """

    def __init__(self, random: Random) -> None:
        self.ledger = Ledger()
        self.up = asyncio.Event()
        self.port = 0
        self._random = random
        self._count = itertools.count()
        self._open: dict[str, str] = {}

    def actors(self) -> list[Awaitable[None]]:
        """Those who act, each for ever."""
        steps = [self._disturb] * 2 + [self._decide] * 3 + [self._work] * 3
        return [self._act(step) for step in steps]

    async def register(self) -> None:
        """Make what executions need."""
        client = self._client()
        domain = {"domain": "videos"}
        await client.call(
            "RegisterDomain", name="videos", workflowExecutionRetentionPeriodInDays="1"
        )
        await client.call(
            "RegisterWorkflowType",
            **domain,
            **_KIND,
            defaultTaskList={"name": "deciders"},
            defaultExecutionStartToCloseTimeout="600",
            defaultTaskStartToCloseTimeout="1",
            defaultChildPolicy="ABANDON",
        )
        await client.call("RegisterActivityType", **domain, **_KIND)
        client.close()

    async def check(self) -> None:
        """Read every execution from the server that is there and hold it against the ledger."""
        client = self._client()
        now = time.time_ns() // 1_000_000
        listed = {}
        for state in ("Open", "Closed"):
            page: Answer = {"nextPageToken": None}
            while "nextPageToken" in page:
                token = page["nextPageToken"]
                page = await client.call(
                    f"List{state}WorkflowExecutions",
                    domain="videos",
                    startTimeFilter={"oldestDate": 0},
                    **({"nextPageToken": token} if token else {}),
                )
                listed |= {info["execution"]["runId"]: info for info in page["executionInfos"]}
        seen = self.ledger.histories
        assert seen.keys() <= listed.keys(), "an execution is no longer listed"
        for run_id, info in listed.items():
            if run_id not in seen or not is_closed(seen[run_id]):
                await self._read(client, run_id, info["execution"]["workflowId"])
            status = CLOSES.get(seen[run_id][-1]["eventType"])
            assert info.get("closeStatus") == status, f"{info} ends as {status}"
        self._open = {
            run_id: info["execution"]["workflowId"]
            for run_id, info in listed.items()
            if info["executionStatus"] == "OPEN"
        }
        self.ledger.check(now)
        client.close()

    # Who acts.

    async def _act(self, step: Step) -> None:
        client = ThinClient()
        try:
            while True:
                await self.up.wait()
                client.port = self.port
                try:
                    await step(client)
                except Cut:
                    await asyncio.sleep(0)
        finally:
            client.close()

    async def _disturb(self, client: ThinClient) -> None:
        """Start executions and do from outside what can be done to them."""
        if len(self._open) < _MOST_OPEN:
            await self._start(client)
        run_id, workflow_id = self._random.choice(list(self._open.items()))
        names = {"domain": "videos", "workflowId": workflow_id, "runId": run_id}
        mark = self._mark("signal")
        match self._random.randrange(12):
            case 0:
                terminate = "TerminateWorkflowExecution"
                await self._send(client, terminate, mark, **names, reason=mark)
            case 1:
                await self._request_cancel(client, names)
            case 2:
                await self._read(client, run_id, workflow_id)
            case _:
                signal = "SignalWorkflowExecution"
                await self._send(client, signal, mark, **names, signalName="s", input=mark)
        await asyncio.sleep(self._random.uniform(0, 0.01))

    async def _decide(self, client: ThinClient) -> None:
        task = await self._poll(client, "PollForDecisionTask", "deciders")
        if task is None:
            return
        history: History = task["events"]
        self.ledger.observe(task["workflowExecution"]["runId"], history)
        if self._random.random() < 0.03:
            return  # It times out.
        await self._respond(client, task, "RespondDecisionTaskCompleted", self._decisions(history))

    async def _work(self, client: ThinClient) -> None:
        task = await self._poll(client, "PollForActivityTask", "workers")
        if task is None:
            return
        for _ in range(self._random.choice([0, 0, 1, 2])):
            await self._heartbeat(client, task)
        if self._random.random() < 0.05:
            return  # It times out.
        ends = ["Completed", "Completed", "Failed"]
        await self._respond(client, task, f"RespondActivityTask{self._random.choice(ends)}")

    # What they do.

    async def _start(self, client: ThinClient) -> None:
        mark = self._mark("start")
        answer = await self._send(
            client,
            "StartWorkflowExecution",
            mark,
            domain="videos",
            workflowId=mark,
            workflowType=_KIND,
            input=mark,
        )
        assert answer is not None
        self._open[answer["runId"]] = mark

    async def _request_cancel(self, client: ThinClient, names: dict[str, str]) -> None:
        self.ledger.cancel_requested(names["runId"], acknowledged=False)
        try:
            await client.call("RequestCancelWorkflowExecution", **names)
        except Refused as refusal:
            self._over(refusal)
        else:
            self.ledger.cancel_requested(names["runId"], acknowledged=True)

    async def _read(self, client: ThinClient, run_id: str, workflow_id: str) -> None:
        execution = {"workflowId": workflow_id, "runId": run_id}
        answer = await client.call(
            "GetWorkflowExecutionHistory", domain="videos", execution=execution
        )
        self.ledger.observe(run_id, answer["events"])

    async def _poll(self, client: ThinClient, operation: str, task_list: str) -> Answer | None:
        mark, names = self._mark("poll"), {"domain": "videos", "taskList": {"name": task_list}}
        self.ledger.sent(mark)
        answer = await client.call(operation, **names, identity=mark)
        if not answer.get("taskToken"):
            self.ledger.refused(mark)
            return None
        self.ledger.acknowledged(mark)
        return answer

    async def _heartbeat(self, client: ThinClient, task: Answer) -> None:
        details, key = self._mark("heartbeat"), _key(task)
        self.ledger.heartbeat(key, details, acknowledged=False)
        try:
            request = {"taskToken": task["taskToken"], "details": details}
            await client.call("RecordActivityTaskHeartbeat", **request)
        except Refused as refusal:
            self._over(refusal)
        else:
            self.ledger.heartbeat(key, details, acknowledged=True)

    async def _respond(
        self,
        client: ThinClient,
        task: Answer,
        operation: str,
        decisions: list[dict[str, Any]] | None = None,
    ) -> None:
        """Answer a task, again by the same token where nobody knows whether it was heard."""
        member = {"RespondActivityTaskCompleted": "result", "RespondActivityTaskFailed": "details"}
        request = {"taskToken": task["taskToken"]}
        if decisions is not None:
            request["decisions"] = decisions
        while True:
            mark = self._mark("answer")
            self.ledger.sent(mark, decisions)
            try:
                await client.call(
                    operation, **request, **{member.get(operation, "executionContext"): mark}
                )
            except Cut:
                await self.up.wait()
                client.port = self.port
            except Refused as refusal:
                self._over(refusal)
                self.ledger.refused(mark, _key(task))
                return
            else:
                self.ledger.acknowledged(mark)
                return

    async def _send(
        self, client: ThinClient, operation: str, mark: str, **request: Any
    ) -> Answer | None:
        """Carry out what leaves a mark; None if the execution is over."""
        self.ledger.sent(mark)
        try:
            answer = await client.call(operation, **request)
        except Refused as refusal:
            self._over(refusal)
            self._open.pop(request["runId"], None)
            self.ledger.refused(mark)
            return None
        self.ledger.acknowledged(mark)
        return answer

    def _over(self, refusal: Refused) -> None:
        if refusal.code != "UnknownResourceFault":
            raise refusal

    def _decisions(self, history: History) -> list[dict[str, Any]]:
        if len(history) > _LONG_HISTORY or self._random.random() < 0.15:
            kinds = ["Complete", "Complete", "Fail", "Cancel", "ContinueAsNew"]
            return [{"decisionType": f"{self._random.choice(kinds)}WorkflowExecution"}]
        makers = [
            self._schedule,
            self._schedule,
            self._cancel_activity,
            self._start_timer,
            self._cancel_timer,
            self._mark_decision,
            self._start_child,
            self._signal,
            self._cancel,
        ]
        return [self._random.choice(makers)(history) for _ in range(self._random.randint(1, 3))]

    def _schedule(self, _history: History) -> dict[str, Any]:
        return decision(
            "ScheduleActivityTask",
            activityType=_KIND,
            activityId=self._mark("activity"),
            taskList={"name": "workers"},
            scheduleToStartTimeout="NONE",
            scheduleToCloseTimeout="NONE",
            startToCloseTimeout=self._random.choice(["1", "2"]),
            heartbeatTimeout=self._random.choice(["1", "NONE"]),
        )

    def _cancel_activity(self, history: History) -> dict[str, Any]:
        activity_id = self._named(history, "ActivityTaskScheduled", "activityId")
        return decision("RequestCancelActivityTask", activityId=activity_id)

    def _start_timer(self, _history: History) -> dict[str, Any]:
        seconds = self._random.choice(["0", "1", "1", "2"])
        return decision("StartTimer", timerId=self._mark("timer"), startToFireTimeout=seconds)

    def _cancel_timer(self, history: History) -> dict[str, Any]:
        return decision("CancelTimer", timerId=self._named(history, "TimerStarted", "timerId"))

    def _mark_decision(self, _history: History) -> dict[str, Any]:
        return decision("RecordMarker", markerName=self._mark("marker"))

    def _start_child(self, _history: History) -> dict[str, Any]:
        return decision(
            "StartChildWorkflowExecution", workflowType=_KIND, workflowId=self._mark("child")
        )

    def _signal(self, _history: History) -> dict[str, Any]:
        return decision(
            "SignalExternalWorkflowExecution",
            workflowId=self._random.choice([*self._open.values(), "nobody"]),
            signalName="s",
            input=self._mark("signal"),
        )

    def _cancel(self, _history: History) -> dict[str, Any]:
        workflow_id = self._random.choice([*self._open.values(), "nobody"])
        return decision("RequestCancelExternalWorkflowExecution", workflowId=workflow_id)

    def _named(self, history: History, event_type: str, member: str) -> str:
        found = [attributes(x)[member] for x in history if x["eventType"] == event_type]
        return self._random.choice([*found, "none"])

    def _mark(self, what: str) -> str:
        return f"{what}-{next(self._count)}"

    def _client(self) -> ThinClient:
        client = ThinClient()
        client.port = self.port
        return client


def _key(task: Answer) -> Task:
    return task["workflowExecution"]["runId"], task["startedEventId"]
