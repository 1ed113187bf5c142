"""The operations of workers: polls for activity tasks and what is said of them."""

from collections.abc import Callable, Mapping

from localswf.clock import Clock
from localswf.core.state import Activity
from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.runs import Run, Runs
from localswf.engine.task_lists import Task
from localswf.engine.tokens import Tokens
from localswf.model import Answer, Request
from localswf.operations.lookup import Lookup
from localswf.store.records import Heartbeat

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

    def handlers(self) -> Mapping[str, Callable[[Call], Answer | None]]:
        """What carries out each operation, by its name."""
        return {
            "PollForActivityTask": self._poll,
            "RecordActivityTaskHeartbeat": self._record_heartbeat,
            "RespondActivityTaskCanceled": self._respond_canceled,
            "RespondActivityTaskCompleted": self._respond_completed,
            "RespondActivityTaskFailed": self._respond_failed,
        }

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

    def _poll(self, call: Call) -> None:
        lists = self._dispatcher.activities
        self._dispatcher.poll(call, lists, self._lookup.list_key(call), _NO_TASK)

    def _respond_completed(self, call: Call) -> Answer:
        outcome = {"result": call.request.get("result")}
        return self._end(call, "ActivityTaskCompleted", outcome)

    def _respond_failed(self, call: Call) -> Answer:
        outcome = {name: call.request.get(name) for name in ("reason", "details")}
        return self._end(call, "ActivityTaskFailed", outcome)

    def _respond_canceled(self, call: Call) -> Answer:
        _, activity = self._started(call.request)
        outcome = {
            "details": call.request.get("details"),
            "latestCancelRequestedEventId": activity.cancel_requested_id,
        }
        return self._end(call, "ActivityTaskCanceled", outcome)

    def _record_heartbeat(self, call: Call) -> Answer:
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
