"""Spans of OpenTelemetry, as real deciders and workers make them."""

import json
import subprocess
import sys
from typing import Any

from harness.swf_server import SRC


def spans(process: Any) -> list[dict[str, Any]]:
    lines = [line.removeprefix("SPAN ") for line in process.log().splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_every_decision_and_every_activity_is_a_span(cluster: Any) -> None:
    decider = cluster.decider(program="traced")
    worker = cluster.worker("traced")
    execution = cluster.start(cluster.films.chain, cluster.film, 2)
    execution.result()
    cluster.wait_for(lambda: len(spans(decider)) == 3, "the last decision's span")

    assert [each["name"] for each in spans(decider)] == ["decide Chain 1"] * 3
    performed = spans(worker)
    assert [each["name"] for each in performed] == ["perform cut 1"] * 2
    said = performed[0]["attributes"]
    assert said["swf.workflowId"] == execution.workflow_id
    assert said["swf.runId"] == execution.run_id
    assert (said["swf.activityId"], said["swf.attempt"]) == ("1", 1)


def test_an_activity_that_fails_is_a_span_with_its_exception(cluster: Any) -> None:
    cluster.decider(program="traced")
    worker = cluster.worker("traced")
    cluster.run(cluster.films.burning, cluster.film)
    (span,) = spans(worker)
    assert span["status"]["status_code"] == "ERROR"
    assert span["events"][0]["attributes"]["exception.type"] == "swflow.errors.Failure"


def test_without_opentelemetry_there_are_no_spans_and_no_errors() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from swflow.telemetry.tracing import span\n"
        "with span('a', {'b': 1}): print('done')\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(
        command, env={"PYTHONPATH": str(SRC)}, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("done\n", "")
