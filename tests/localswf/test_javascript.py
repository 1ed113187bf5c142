"""The AWS SDK for JavaScript on the service: `javascript/workflow.mjs` says what it does."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("javascript")
NODE, NPM = shutil.which("node"), shutil.which("npm")
OLDEST_NODE = 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, beside the SDK that its lock file names."""
    if NODE is None or NPM is None:
        pytest.skip("Node.js is not here: it takes `node` and `npm` on PATH")
    version = subprocess.run([NODE, "--version"], check=True, capture_output=True, text=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"the SDK wants Node.js {OLDEST_NODE} or later, here is {version.stdout}")
    folder = tmp_path_factory.mktemp("javascript")
    shutil.copytree(PROGRAM, folder, dirs_exist_ok=True)
    command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if installed.returncode:
        # A laptop may be offline; a build server may not test less than it should.
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"npm could not install the SDK:\n{installed.stderr}")
    return folder / "workflow.mjs"


@pytest.fixture(scope="module")
def seen(
    program: Path,
    open_swf_server: Any,
    tmp_path_factory: pytest.TempPathFactory,
    credentials_file: Path,
) -> Any:
    """What the program saw, of a server that checks its signatures."""
    data = tmp_path_factory.mktemp("swf") / "swf.db"
    with open_swf_server(data, "--credentials", str(credentials_file)) as server:
        ran = subprocess.run(
            [str(NODE), str(program)],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL_SWF": server.endpoint_url,
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "id",
                "AWS_SECRET_ACCESS_KEY": "key",
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_an_answer_and_its_request_id(seen: dict[str, Any]) -> None:
    assert seen["arn"] == "arn:aws:swf:eu-west-1:123456789012:/domain/javascript"
    assert seen["requestId"]


def test_refusals_are_the_classes_of_the_sdk(seen: dict[str, Any]) -> None:
    unknown, domain_exists, invalid, already_started, too_late = seen["refusals"]
    fault = "UnknownResourceFault"
    assert unknown == [fault, fault, "Unknown domain: nowhere", 400]
    assert domain_exists[:2] == ["DomainAlreadyExistsFault"] * 2
    assert invalid[:2] == [None, "ValidationException"]
    assert already_started[:2] == ["WorkflowExecutionAlreadyStartedFault"] * 2
    assert already_started[2] == "Already Started"
    assert too_late[0] == fault


def test_a_workflow(seen: dict[str, Any]) -> None:
    assert seen["activity"] == {"activityId": "resize", "input": "caf\u00e9 \U0001f3a5"}
    assert seen["cancelRequested"] is False
    assert seen["closeStatus"] == "COMPLETED"
    assert [event["eventId"] for event in seen["history"]] == list(range(1, 21))
    types = [event["eventType"] for event in seen["history"]]
    assert types[4:6] == ["ActivityTaskScheduled", "TimerStarted"]
    assert types[-1] == "WorkflowExecutionCompleted"
    assert {"TimerFired", "WorkflowExecutionSignaled", "ActivityTaskCompleted"} < set(types)
    assert seen["history"][-1]["workflowExecutionCompletedEventAttributes"]["result"] == "all done"


def test_times_are_dates(seen: dict[str, Any]) -> None:
    times = [event["eventTimestamp"] for event in seen["history"]]
    assert times == sorted(times)
    assert all(time.endswith("Z") for time in times)
    assert 0 < seen["seconds"] < 120


def test_pages(seen: dict[str, Any]) -> None:
    assert seen["firstPages"] == 2
    assert seen["lastPages"] > seen["firstPages"]
    assert seen["open"] == ["another", "video"]
