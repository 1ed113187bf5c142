"""Decide: one greeting, then the end. Runs until it is stopped."""

import contextlib
from typing import Any

from hello import ACTIVITY, DOMAIN, TASK_LIST, VERSION, client

SAY_HI = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {
        "activityId": "saying_hi",
        "activityType": {"name": ACTIVITY, "version": VERSION},
    },
}
FINISH = {
    "decisionType": "CompleteWorkflowExecution",
    "completeWorkflowExecutionDecisionAttributes": {},
}
# What the last event that is not about deciding asks for.
DECISIONS = {"WorkflowExecutionStarted": [SAY_HI], "ActivityTaskCompleted": [FINISH]}


def decide(swf: Any) -> None:
    """Wait for a decision task, and answer it if one came within the minute."""
    task = swf.poll_for_decision_task(
        domain=DOMAIN, taskList={"name": TASK_LIST}, reverseOrder=True
    )
    if task["taskToken"]:
        happened = (event["eventType"] for event in task["events"])
        last = next(kind for kind in happened if not kind.startswith("Decision"))
        swf.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=DECISIONS.get(last, [])
        )


if __name__ == "__main__":
    swf = client()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            decide(swf)
