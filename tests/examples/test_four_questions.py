"""examples/four_questions: what the experiments show."""

import re
from typing import Any

import pytest

from harness.example import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "examples/four_questions/README.md").read_text()
DONE = 'WorkflowExecutionCompleted "(A, B) and (A, C), D"'
AFTER_A = [
    "ActivityTaskScheduled B",
    "ActivityTaskScheduled C",
    "ActivityTaskStarted",
    "ActivityTaskStarted",
    'ActivityTaskCompleted "A, B"',
    'ActivityTaskCompleted "A, C"',
    "ActivityTaskScheduled D",
    "ActivityTaskStarted",
    'ActivityTaskCompleted "(A, B) and (A, C), D"',
    DONE,
]
BEGUN = ["WorkflowExecutionStarted", "ActivityTaskScheduled A", "ActivityTaskStarted"]
TIMED_OUT = "ActivityTaskTimedOut START_TO_CLOSE"
DROPPED = "the RespondActivityTaskCompleted operation: Unknown"


@pytest.fixture
def answers(example: Any) -> list[tuple[list[str], str]]:
    """To each question what happened, in short, and all that was printed."""
    printed = example("four_questions").run("python questions.py")
    parts = re.split(r"^(?=What|Is |If )", printed, flags=re.MULTILINE)[1:]
    return [(re.findall(r"^ +[\d.]+ s  (.*)$", part, re.MULTILINE), part) for part in parts]


def test_the_four_answers(answers: list[tuple[list[str], str]]) -> None:
    worker_dies, decider_dies, worker_is_late, workflow_is_late = answers

    again = [*BEGUN, TIMED_OUT, *BEGUN[1:], 'ActivityTaskCompleted "A"', *AFTER_A]
    assert worker_dies[0] == again
    assert "too late" not in worker_dies[1]

    waited = "DecisionTaskTimedOut SCHEDULE_TO_START"
    assert decider_dies[0] == [*BEGUN, 'ActivityTaskCompleted "A"', waited, *AFTER_A]

    assert worker_is_late[0] == again
    assert f"{DROPPED} activity" in worker_is_late[1]

    assert workflow_is_late[0] == [*BEGUN, "WorkflowExecutionTimedOut START_TO_CLOSE"]
    assert f"{DROPPED} execution" in workflow_is_late[1]
