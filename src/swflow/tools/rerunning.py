"""Starting an execution again from its first failed step."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.authoring.continuing import RUN_ALIKE
from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.client.starting import start_execution
from swflow.errors import SwflowError
from swflow.execution.history import Event, attributes
from swflow.execution.recorded import CACHED
from swflow.execution.reuse import KEY, SIGNAL, Parts, Result, expected_parts, in_parts
from swflow.execution.travelling import open_events

_KEPT = (*RUN_ALIKE, "lambdaRole")
_ENDED_BADLY = ("Failed", "TimedOut", "Canceled", "Terminated", "CancelRequested")


@dataclass(frozen=True, slots=True)
class Rerun:
    """An execution that was started again.

    Attributes:
        execution: the new one.
        reused: the calls whose results it takes over, each as "activity cut".
        since: the event of the old one from which on everything is done again; None if that is
            nothing.
    """

    execution: Execution[Any]
    reused: Sequence[str]
    since: int | None


def rerun(
    client: Client,
    execution: Execution[Any],
    *,
    since: int | None = None,
    version: str | None = None,
    workflow_id: str | None = None,
) -> Rerun:
    """Start a closed execution again, with the results it had before its first failed step.

    The new execution has the old one's type, input, timeouts, tags and signals. Its code runs from
    the start; where it calls an activity, a child workflow or a `@cached` function with the
    arguments of a call that had its result before the step failed, it has that result at once.
    Timers run again. Steps that the old one undid after the failure count as done: give `since`
    where that is not so.

    Args:
        client: the domain.
        execution: the old one.
        since: reuse what had come before this event of the old one; if left out, the event at
            which a call failed for good, timed out or was cancelled.
        version: of the workflow, if it is another one.
        workflow_id: of the new one, if it is another one.

    Raises:
        SwflowError: the old one is open, succeeded, or was not started by swflow; or its type does
            not exist any more.
        WorkflowAlreadyRunning: an execution of that id is open.
    """
    events = open_events(client.connection.sealer, execution.history())
    if execution.is_open():
        raise SwflowError(f"execution {execution.workflow_id!r} is open: cancel it first")
    until = since or _first_failed(events)
    if until is None and events[-1]["eventType"] == "WorkflowExecutionCompleted":
        raise SwflowError(
            f"nothing failed in execution {execution.workflow_id!r}: say from which event on it "
            f"is to be done again"
        )
    before = [event for event in events if until is None or event["eventId"] < until]
    results = _results(before)
    parts = in_parts(results)
    new = _start(
        client,
        execution,
        attributes(events[0]),
        version=version,
        workflow_id=workflow_id,
        parts=len(parts),
    )
    try:
        for signal in _signals(before):
            _tell(client, new, signal)
        for part in parts:
            _tell(client, new, {"signalName": SIGNAL, "input": part})
    except (BotoCoreError, ClientError):
        new.terminate("the results that it was to reuse could not all be sent")
        raise
    return Rerun(new, [f"{each['kind']} {each['name']}" for each in results], until)


def _start(
    client: Client,
    old: Execution[Any],
    started: Mapping[str, Any],
    *,
    version: str | None,
    workflow_id: str | None,
    parts: int,
) -> Execution[Any]:
    """Start the new one as the old one was started."""
    parameters: dict[str, Any] = {key: started[key] for key in _KEPT if key in started}
    kind = started["workflowType"]
    new_id = workflow_id or old.workflow_id
    parameters["workflowType"] = {"name": kind["name"], "version": version or kind["version"]}
    given = _input(started.get("input"), old.run_id, parts)
    run_id = start_execution(client.connection, new_id, given, parameters)
    return client.execution(new_id, run_id)


def _tell(client: Client, execution: Execution[Any], signal: dict[str, Any]) -> None:
    if "input" in signal:
        signal["input"] = client.connection.sealer.seal(signal["input"], "a signal")
    client.connection.swf.signal_workflow_execution(
        domain=client.domain, workflowId=execution.workflow_id, runId=execution.run_id, **signal
    )


def _first_failed(events: Sequence[Event]) -> int | None:
    """The event at which a call ended badly that was not tried again."""
    calls: dict[int, str] = {}
    failed: dict[str, int] = {}
    for event in events:
        kind, says, event_id = event["eventType"], attributes(event), event["eventId"]
        match kind:
            case "ActivityTaskScheduled":
                call = f"activity {says['activityId'].partition('.')[0]}"
                calls[event_id] = call
                failed.pop(call, None)
            case "StartChildWorkflowExecutionInitiated":
                calls[event_id] = f"child {event_id}"
            case "ActivityTaskCancelRequested":
                call = f"activity {says['activityId'].partition('.')[0]}"
                failed.setdefault(call, event_id)
            case "ScheduleActivityTaskFailed" | "StartChildWorkflowExecutionFailed":
                failed[f"event {event_id}"] = event_id
            case _ if kind.startswith(("ActivityTask", "Child")) and kind.endswith(_ENDED_BADLY):
                call = calls[says.get("scheduledEventId") or says["initiatedEventId"]]
                failed.setdefault(call, event_id)
    return min(failed.values(), default=None)


def _results(events: Sequence[Event]) -> list[Result]:
    """The calls that had their results, in the order they were made."""
    calls: dict[int, Result] = {}
    inherited = Parts(expected_parts(attributes(events[0]).get("input")) if events else 0)
    found: dict[int, Result] = {}
    first: list[Result] = []
    for event in events:
        kind, says, event_id = event["eventType"], attributes(event), event["eventId"]
        match kind:
            case "ActivityTaskScheduled":
                name = says["activityType"]["name"]
                calls[event_id] = {"kind": "activity", "name": name, "input": says.get("input")}
            case "StartChildWorkflowExecutionInitiated":
                child = {"name": says["workflowType"]["name"], "workflow_id": says["workflowId"]}
                calls[event_id] = {"kind": "child", **child, "input": says.get("input")}
            case "ActivityTaskCompleted":
                call = says["scheduledEventId"]
                found[call] = {**calls[call], "result": says.get("result")}
            case "ChildWorkflowExecutionCompleted":
                call, run = says["initiatedEventId"], says["workflowExecution"]["runId"]
                found[call] = {**calls[call], "result": says.get("result"), "run_id": run}
            case "MarkerRecorded" if says["markerName"] == CACHED:
                record = json.loads(says["details"])
                del record["call"]  # it is made with another number, perhaps
                found[event_id] = {"kind": "cached", "name": record.pop("name"), "record": record}
            case "WorkflowExecutionSignaled" if says["signalName"] == SIGNAL:
                if inherited.add(says.get("input")):
                    first = inherited.results()
    own = [found[call] for call in sorted(found)]
    return [*_left(first, own), *own]


def _left(inherited: list[Result], own: Sequence[Result]) -> list[Result]:
    """Inherited results without those that were recorded anew where they were taken."""
    left = list(inherited)
    for each in own:
        same = (old for old in left if (old["kind"], old["name"]) == ("cached", each["name"]))
        taken = next(same, None) if each["kind"] == "cached" else None
        left = [old for old in left if old is not taken]
    return left


def _signals(events: Sequence[Event]) -> list[dict[str, Any]]:
    """What it was told, to be told again."""
    signals = []
    for event in events:
        says = attributes(event)
        if event["eventType"] == "WorkflowExecutionSignaled" and says["signalName"] != SIGNAL:
            given = {"input": says["input"]} if "input" in says else {}
            signals.append({"signalName": says["signalName"], **given})
    return signals


def _input(given: str | None, run_id: str, parts: int) -> str:
    """The old input, with what makes a rerun of it."""
    try:
        content: Any = json.loads(given) if given else {"args": [], "kwargs": {}}
    except ValueError:
        content = None
    if not isinstance(content, Mapping) or "args" not in content:
        raise SwflowError("this execution was not started by swflow: its input has another form")
    marked = {**content, KEY: {"of": run_id, "parts": parts}}
    return json.dumps(marked, ensure_ascii=False, separators=(",", ":"))
