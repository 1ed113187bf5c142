"""examples/hello_swflow, run as its README says."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_without_a_service(example: Any) -> None:
    assert example("hello_swflow").run('python -c "import hello; hello.hello()"') == (
        "Hello, World!\n"
    )


def test_the_same_eleven_events_as_in_plain_boto3(example: Any) -> None:
    hello = example("hello_swflow")
    hello.run("swflow register hello --retention 1")
    hello.start("swflow decider hello")
    worker = hello.start("swflow worker hello")

    result = hello.run("swflow start hello:hello --workflow-id hello --wait")

    assert (json.loads(result), worker.stdout.readline()) == (None, "Hello, World!\n")
    assert "HelloWorld" in hello.run("swflow show hello")
    told = hello.run("swflow history hello").splitlines()
    assert [line.split()[:1] + line.split()[3:4] for line in told] == [
        ["1", "WorkflowExecutionStarted"],
        ["2", "DecisionTaskScheduled"],
        ["3", "DecisionTaskStarted"],
        ["4", "DecisionTaskCompleted"],
        ["5", "ActivityTaskScheduled"],
        ["6", "ActivityTaskStarted"],
        ["7", "ActivityTaskCompleted"],
        ["8", "DecisionTaskScheduled"],
        ["9", "DecisionTaskStarted"],
        ["10", "DecisionTaskCompleted"],
        ["11", "WorkflowExecutionCompleted"],
    ]
