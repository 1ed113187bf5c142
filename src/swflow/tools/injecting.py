"""One activity task put in front of the workers by hand, to see what they make of it.

A task belongs to an execution, so there is one of a type that is made for it, `swflow.inject`. Who
injects the task makes the decisions as well, on a task list that nobody else knows: no decider is
needed, and none is disturbed.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn
from uuid import uuid4

from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import workflow
from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.client.registering import register_types
from swflow.endpoint.polling import Poller
from swflow.endpoint.stopping import Stop, on_signals
from swflow.errors import SwflowError
from swflow.execution.commands import Command
from swflow.execution.history import Event, attributes
from swflow.values.envelope import MARK
from swflow.values.failure import Report

_log = logging.getLogger(__name__)

_ACTIVITY_ID = "1"


@workflow(
    "swflow.inject",
    version="1",
    task_list="swflow.inject",
    execution_timeout=timedelta(days=1),
    decision_timeout=timedelta(minutes=1),
)
async def injection(activity: str) -> Any:
    """One activity, once. Decided below, for the activity's input need not be one that fits it."""
    raise SwflowError(f"{activity} was injected by a process that is gone; inject it again")


def inject(
    client: Client,
    activity: ActivityType[..., Any],
    given: str,
    *,
    timeout: timedelta,
    workflow_id: str | None = None,
) -> Execution[Any]:
    """Have an activity run once, by whichever worker serves it, and wait for what comes of it.

    Args:
        client: the domain.
        activity: which, with its task list and its timeouts.
        given: its input as JSON, whether it fits or not; or sealed already, out of a history.
        timeout: how long to wait for a worker and for the activity together.
        workflow_id: of the execution that the task is put into; made up if left out.

    Returns:
        The execution, which is over: its result is the activity's, as plain JSON.

    Raises:
        KeyboardInterrupt: SIGINT or SIGTERM came; the execution is terminated.
        SwflowError: an execution of that id is open, or the service refuses something.
        SerializationError: the input is too long, and there is no payload store.
        PayloadError: the input could not be stored.
    """
    if not given.startswith(MARK):
        given = client.connection.sealer.seal(given, f"the input of {activity.name}")
    register_types(client.connection, [injection])
    own_list = f"swflow.inject.{uuid4()}"
    started = injection.options(task_list=own_list, execution_timeout=timeout)
    name: Any = {"workflow_id": workflow_id}
    with Stop() as stop, on_signals(stop.request):
        made = client.start(started, activity.name, **name)
        execution = client.execution(made.workflow_id, made.run_id)
        _log.info("waiting for a worker on task list %s", activity.task_list)
        poller = Poller(client.connection, stop, "PollForDecisionTask", own_list)
        while execution.is_open():
            task = poller.poll()
            if task is not None:
                _decide(client, task, activity, given)
            elif stop.requested():
                _give_up(execution)
    return execution


def _decide(
    client: Client, task: dict[str, Any], activity: ActivityType[..., Any], given: str
) -> None:
    decision: Any = _after(task["events"], activity, given)
    client.connection.swf.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[] if decision is None else [decision]
    )


def _after(
    events: Sequence[Event], activity: ActivityType[..., Any], given: str
) -> dict[str, Any] | None:
    """What is decided after a history; nothing where the activity is still to end."""
    for event in reversed(events):
        if event["eventType"] in _ENDS:
            return _ENDS[event["eventType"]](attributes(event))
    if any(event["eventType"] == "ActivityTaskScheduled" for event in events):
        return None
    asked = {
        "activityId": _ACTIVITY_ID,
        "input": given,
        **activity.scheduling,
    }
    return Command("ScheduleActivityTask", asked).decision()


def _completed(says: Mapping[str, Any]) -> dict[str, Any]:
    return Command("CompleteWorkflowExecution", {"result": says.get("result", "null")}).decision()


def _cancelled(_says: Mapping[str, Any]) -> dict[str, Any]:
    return Command("CancelWorkflowExecution", {}).decision()


def _failed(says: Mapping[str, Any]) -> dict[str, Any]:
    return _failure(Report.read(says.get("reason"), says.get("details")))


def _timed_out(says: Mapping[str, Any]) -> dict[str, Any]:
    reason = f"the activity timed out ({says['timeoutType']})"
    return _failure(Report(reason, says.get("details"), retry=True))


def _refused(says: Mapping[str, Any]) -> dict[str, Any]:
    reason = f"the activity could not be scheduled: {says['cause']}"
    return _failure(Report(reason, None, retry=False))


_ENDS = {
    "ActivityTaskCompleted": _completed,
    "ActivityTaskFailed": _failed,
    "ActivityTaskTimedOut": _timed_out,
    "ActivityTaskCanceled": _cancelled,
    "WorkflowExecutionCancelRequested": _cancelled,
    "ScheduleActivityTaskFailed": _refused,
}


def _failure(report: Report) -> dict[str, Any]:
    return Command("FailWorkflowExecution", report.wire()).decision()


def _give_up(execution: Execution[Any]) -> NoReturn:
    with suppress(SwflowError):  # it is over already
        execution.terminate("whoever injected the task does not wait for it any more")
    raise KeyboardInterrupt
