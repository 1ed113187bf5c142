"""Setting aside an execution that its decider cannot go on with.

Where the code that is deployed does not fit an execution's history, or does not know its type,
the decider neither fails the execution (it is healthy: the deployment is wrong) nor lets the
decision time out (the task would come back at once, and fill the history). It answers with a
marker that says what is wrong, for whoever looks at the history, and a timer, so that there is a
next try: after one minute, two, four, and so on up to an hour, or when anything else happens. A
decision that was answered so has not run the workflow's code, and every replay passes it by.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from swflow.execution.history import Event, attributes, duration

MARKER = "swflow.parked"

_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)
_MAX_EXPLANATION = 8_000


def park(events: Sequence[Event], problem: str) -> list[dict[str, Any]]:
    """The decisions that set an execution aside.

    Args:
        events: its history.
        problem: what is wrong, for people.
    """
    times = sum(_is_marker(event) for event in events)
    wait = min(_FIRST * 2 ** min(times, 10), _LONGEST)
    details = json.dumps({"problem": problem[:_MAX_EXPLANATION]}, ensure_ascii=False)
    return [
        {
            "decisionType": "RecordMarker",
            "recordMarkerDecisionAttributes": {"markerName": MARKER, "details": details},
        },
        {
            "decisionType": "StartTimer",
            "startTimerDecisionAttributes": {
                "timerId": f"{MARKER}.{events[-1]['eventId']}",
                "startToFireTimeout": duration(wait),
            },
        },
    ]


def was_parked(events: Sequence[Event], completed: int) -> bool:
    """Whether the decision that was completed at this index of the events set it aside."""
    after = completed + 1
    return after < len(events) and _is_marker(events[after])


def is_parking(event: Event) -> bool:
    """Whether an event belongs to a decision that set the execution aside."""
    match event["eventType"]:
        case "MarkerRecorded" | "RecordMarkerFailed":
            return _is_marker(event)
        case "TimerStarted" | "StartTimerFailed" | "TimerFired":
            return str(attributes(event)["timerId"]).startswith(MARKER)
        case _:
            return False


def _is_marker(event: Event) -> bool:
    return (
        event["eventType"] in ("MarkerRecorded", "RecordMarkerFailed")
        and attributes(event)["markerName"] == MARKER
    )
