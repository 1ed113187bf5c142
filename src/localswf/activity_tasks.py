"""The operations of workers: polls for activity tasks and what is said of them."""

from collections.abc import Mapping

from localswf.clock import Clock
from localswf.dispatch import Call, Dispatcher
from localswf.lookup import Lookup
from localswf.model import Answer, Request
from localswf.records import Heartbeat
from localswf.runs import Run, Runs
from localswf.state import Activity
from localswf.task_lists import Task
from localswf.tokens import Tokens

_NO_TASK: Answer = {}


class ActivityTasks:
    """What workers ask and tell."""

    def __init__(
        self, lookup: Lookup, runs: Runs, dispatcher: Dispatcher, tokens: Tokens, clock: Clock
    ) -> None:
        self._lookup = lookup
        self._runs = runs
        self._dispatcher = dispatcher
        self._tokens = tokens
        self._clock = clock

    def poll(self, call: Call) -> None:
        """PollForActivityTask."""
        lists = self._dispatcher.activities
        self._dispatcher.poll(call, lists, self._lookup.list_key(call), _NO_TASK)

    def give(self, call: Call, task: Task) -> None:
        """Start a task and settle the poll that gets it."""
        run, execution = task.run, task.run.execution
        activity = execution.activities[task.scheduled_id]
        identity = call.request.get("identity")
        self._dispatcher.record(
            run, execution.start_activity(task.scheduled_id, self._clock.now(), identity)
        )
        fields = (run.number, activity.scheduled_id, activity.started_id)
        answer = {
            "taskToken": self._tokens.make("activity", *fields),
            "activityId": activity.activity_id,
            "startedEventId": activity.started_id,
            "workflowExecution": execution.reference,
            "activityType": activity.activity_type,
        }
        if activity.input is not None:
            answer["input"] = activity.input
        self._dispatcher.hand_over(call, answer)

    def respond_completed(self, call: Call) -> Answer:
        """RespondActivityTaskCompleted."""
        outcome = {"result": call.request.get("result")}
        return self._end(call, "ActivityTaskCompleted", outcome)

    def respond_failed(self, call: Call) -> Answer:
        """RespondActivityTaskFailed."""
        outcome = {name: call.request.get(name) for name in ("reason", "details")}
        return self._end(call, "ActivityTaskFailed", outcome)

    def respond_canceled(self, call: Call) -> Answer:
        """RespondActivityTaskCanceled."""
        _, activity = self._started(call.request)
        outcome = {
            "details": call.request.get("details"),
            "latestCancelRequestedEventId": activity.cancel_requested_id,
        }
        return self._end(call, "ActivityTaskCanceled", outcome)

    def record_heartbeat(self, call: Call) -> Answer:
        """RecordActivityTaskHeartbeat."""
        run, activity = self._started(call.request)
        details, now = call.request.get("details"), self._clock.now()
        run.execution.heartbeat(activity, details, now)
        self._runs.record_heartbeat(run, Heartbeat(activity.scheduled_id, now, details))
        self._dispatcher.follow(run)
        return {"cancelRequested": activity.cancel_requested_id is not None}

    def _end(self, call: Call, event_type: str, outcome: Mapping[str, str | int | None]) -> Answer:
        run, activity = self._started(call.request)
        now = self._clock.now()
        self._dispatcher.record(run, run.execution.end_activity(activity, event_type, outcome, now))
        return {}

    def _started(self, request: Request) -> tuple[Run, Activity]:
        run, scheduled_id, started_id = self._lookup.task("activity", request)
        return run, run.execution.check_activity(scheduled_id, started_id)
