"""The AWS CLI on the service, each call a process as in a shell."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import pytest

from localswf.model import operations

pytestmark = pytest.mark.slow

ARN = "arn:aws:swf:eu-west-1:123456789012:/domain/videos"
NOW = datetime.now(UTC)
FILTER = f"--start-time-filter oldestDate={NOW:%Y-%m-%dT%H:%M:%SZ}"
PROCESS = "name=Process,version=1"
RESIZE = "name=Resize,version=1"
RUN = "workflowId=video,runId=$run"
SCHEDULE = json.dumps(
    [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {
                "activityType": {"name": "Resize", "version": "1"},
                "activityId": activity_id,
            },
        }
        for activity_id in "abc"
    ]
)


class Aws:
    """The command `aws swf`."""

    def __init__(self, endpoint_url: str, config: Path) -> None:
        self._environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_CONFIG_FILE": str(config),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_SWF": endpoint_url,
            "AWS_MAX_ATTEMPTS": "1",
        }

    def begin(self, command: str) -> "subprocess.Popen[str]":
        """Start a command, in a shell's words."""
        return subprocess.Popen(
            [sys.executable, "-m", "awscli", "swf", *shlex.split(command)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refused(self, command: str) -> tuple[int, str]:
        """Exit status and complaint of a command."""
        process = self.begin(command)
        _, complaint = process.communicate(timeout=100)
        return process.returncode, complaint.strip()

    def __call__(self, command: str) -> Any:
        """What a command answers; None for nothing."""
        return answer(self.begin(command))


def answer(process: "subprocess.Popen[str]") -> Any:
    printed, complaint = process.communicate(timeout=100)
    assert (process.returncode, complaint) == (0, "")
    return json.loads(printed) if printed else None


@pytest.fixture
def swf_server(open_swf_server: Any, tmp_path: Path, credentials_file: Path) -> Iterator[Any]:
    """A server that checks the CLI's signatures."""
    with open_swf_server(tmp_path / "swf.db", "--credentials", str(credentials_file)) as server:
        yield server


@pytest.fixture
def aws(swf_server: Any, tmp_path: Path) -> Aws:
    config = tmp_path / "config"
    config.write_text("[default]\ncli_timestamp_format = iso8601\n")
    return Aws(swf_server.endpoint_url, config)


class Step(NamedTuple):
    """One command.

    Attributes:
        command: in a shell's words; $name is what an earlier step kept.
        query: what to take from its answer; empty if there is no answer.
        expected: what that is.
        keep: the name by which it is kept instead.
    """

    command: str
    query: str = ""
    expected: Any = None
    keep: str = ""


EVERY_OPERATION = [
    Step(
        "register-domain --name videos --workflow-execution-retention-period-in-days 1",
    ),
    Step(
        "describe-domain --name videos",
        "configuration.workflowExecutionRetentionPeriodInDays",
        "1",
    ),
    Step("list-domains --registration-status REGISTERED", "domainInfos[].arn", [ARN]),
    Step(
        f"tag-resource --resource-arn {ARN} --tags key=team,value=media key=stage,value=test",
    ),
    Step(
        f"untag-resource --resource-arn {ARN} --tag-keys stage",
    ),
    Step(
        f"list-tags-for-resource --resource-arn {ARN}",
        "tags",
        [{"key": "team", "value": "media"}],
    ),
    Step(
        "register-workflow-type --domain videos --name Process --workflow-version 1"
        " --default-task-list name=deciders --default-child-policy TERMINATE"
        " --default-execution-start-to-close-timeout 3600"
        " --default-task-start-to-close-timeout 60",
    ),
    Step(
        f"describe-workflow-type --domain videos --workflow-type {PROCESS}",
        "configuration.defaultChildPolicy",
        "TERMINATE",
    ),
    Step(
        "list-workflow-types --domain videos --registration-status REGISTERED",
        "typeInfos[].workflowType.name",
        ["Process"],
    ),
    Step(
        "register-activity-type --domain videos --name Resize --activity-version 1"
        " --default-task-list name=workers --default-task-heartbeat-timeout NONE"
        " --default-task-schedule-to-start-timeout NONE"
        " --default-task-schedule-to-close-timeout NONE"
        " --default-task-start-to-close-timeout 60",
    ),
    Step(
        f"describe-activity-type --domain videos --activity-type {RESIZE}",
        "configuration.defaultTaskStartToCloseTimeout",
        "60",
    ),
    Step(
        "list-activity-types --domain videos --registration-status REGISTERED",
        "typeInfos[].activityType.name",
        ["Resize"],
    ),
    Step(
        f"start-workflow-execution --domain videos --workflow-id video --workflow-type {PROCESS}"
        " --tag-list home summer --input 'a b'",
        "runId",
        keep="run",
    ),
    Step(
        f"count-open-workflow-executions --domain videos {FILTER} --tag-filter tag=home",
        "count",
        1,
    ),
    Step(
        f"list-open-workflow-executions --domain videos {FILTER}",
        "executionInfos[].tagList",
        [["home", "summer"]],
    ),
    Step("count-pending-decision-tasks --domain videos --task-list name=deciders", "count", 1),
    Step(
        "poll-for-decision-task --domain videos --task-list name=deciders --identity me",
        "taskToken",
        keep="decision",
    ),
    Step(
        f"respond-decision-task-completed --task-token $decision --decisions '{SCHEDULE}'",
    ),
    Step("count-pending-activity-tasks --domain videos --task-list name=workers", "count", 3),
    Step("poll-for-activity-task --domain videos --task-list name=workers", "taskToken", keep="a"),
    Step("poll-for-activity-task --domain videos --task-list name=workers", "taskToken", keep="b"),
    Step("poll-for-activity-task --domain videos --task-list name=workers", "taskToken", keep="c"),
    Step(
        "record-activity-task-heartbeat --task-token $a --details half",
        "cancelRequested",
        False,
    ),
    Step(
        "respond-activity-task-completed --task-token $a --result done",
    ),
    Step(
        "respond-activity-task-failed --task-token $b --reason broken --details why",
    ),
    Step(
        "respond-activity-task-canceled --task-token $c",
    ),
    Step(
        "signal-workflow-execution --domain videos --workflow-id video --signal-name go",
    ),
    Step(
        "request-cancel-workflow-execution --domain videos --workflow-id video",
    ),
    Step(
        f"describe-workflow-execution --domain videos --execution {RUN}",
        "executionInfo.cancelRequested",
        True,
    ),
    Step(
        "terminate-workflow-execution --domain videos --workflow-id video --reason enough",
    ),
    Step(
        f"get-workflow-execution-history --domain videos --execution {RUN} --reverse-order",
        "events[0].workflowExecutionTerminatedEventAttributes.reason",
        "enough",
    ),
    Step(
        f"count-closed-workflow-executions --domain videos {FILTER}"
        " --close-status-filter status=TERMINATED",
        "count",
        1,
    ),
    Step(
        f"list-closed-workflow-executions --domain videos {FILTER}",
        "executionInfos[].closeStatus",
        ["TERMINATED"],
    ),
    Step(
        f"deprecate-workflow-type --domain videos --workflow-type {PROCESS}",
    ),
    Step(
        f"undeprecate-workflow-type --domain videos --workflow-type {PROCESS}",
    ),
    Step(
        f"deprecate-workflow-type --domain videos --workflow-type {PROCESS}",
    ),
    Step(
        f"delete-workflow-type --domain videos --workflow-type {PROCESS}",
    ),
    Step(
        f"deprecate-activity-type --domain videos --activity-type {RESIZE}",
    ),
    Step(
        f"undeprecate-activity-type --domain videos --activity-type {RESIZE}",
    ),
    Step(
        f"deprecate-activity-type --domain videos --activity-type {RESIZE}",
    ),
    Step(
        f"delete-activity-type --domain videos --activity-type {RESIZE}",
    ),
    Step(
        "deprecate-domain --name videos",
    ),
    Step(
        "undeprecate-domain --name videos",
    ),
]


def test_every_operation(aws: Aws) -> None:
    kept: dict[str, str] = {}
    for step in EVERY_OPERATION:
        command = Template(step.command).substitute(kept)
        if not step.query:
            assert aws(command) is None
            continue
        found = aws(f"{command} --query '{step.query}'")
        if step.keep:
            kept[step.keep] = found
        else:
            assert found == step.expected, command

    used = {step.command.split()[0] for step in EVERY_OPERATION}
    assert used == {operation.method.replace("_", "-") for operation in operations().values()}


START = f"start-workflow-execution --domain videos --workflow-id a --workflow-type {PROCESS}"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("describe-domain --name nowhere", "UnknownResourceFault", "Unknown domain: nowhere"),
        ("undeprecate-domain --name videos", "DomainAlreadyExistsFault", "videos"),
        ("respond-activity-task-canceled --task-token x", "ValidationException", "Invalid token"),
        (
            f"{START} --task-priority high",
            "ValidationException",
            "1 validation error detected: Value 'high' at 'taskPriority' failed to satisfy",
        ),
    ],
)
def test_refusals(aws: Aws, http_swf: Any, command: str, code: str, message: str) -> None:
    http_swf.start("other")
    status, said = aws.refused(command)
    # 255 in the CLI's first version, 254 in its second.
    assert status in {254, 255}
    assert said.startswith(f"An error occurred ({code}) when calling the ")
    assert f" operation: {message}" in said


def test_paging(aws: Aws, http_swf: Any) -> None:
    for number in range(5):
        http_swf.start(f"video{number}")
    listing = f"list-open-workflow-executions --domain videos {FILTER} --reverse-order"
    names = "executionInfos[].execution.workflowId"

    assert len(aws(f"{listing} --page-size 2 --query '{names}'")) == 5
    first = aws(f"{listing} --max-items 3")
    rest = aws(f"{listing} --max-items 3 --starting-token {first['NextToken']}")
    assert "NextToken" not in rest
    found = [*first["executionInfos"], *rest["executionInfos"]]
    assert [one["execution"]["workflowId"] for one in found] == [f"video{n}" for n in range(5)]

    page = aws(f"{listing} --no-paginate --maximum-page-size 2")
    assert len(page["executionInfos"]) == 2
    token = page["nextPageToken"]
    page = aws(f"{listing} --no-paginate --maximum-page-size 4 --next-page-token {token}")
    assert len(page["executionInfos"]) == 3


def test_times(aws: Aws, http_swf: Any) -> None:
    http_swf.start()
    started = http_swf.describe()["executionInfo"]["startTimestamp"].astimezone(UTC)
    count = "count-open-workflow-executions --domain videos --query count --start-time-filter"
    before, after = (started + timedelta(seconds=step) for step in (-1, 1))

    shown = aws(f"list-open-workflow-executions --domain videos {FILTER}")["executionInfos"]
    assert datetime.fromisoformat(shown[0]["startTimestamp"]) == started
    assert aws(f"{count} oldestDate={before.isoformat()},latestDate={after.isoformat()}") == 1
    assert aws(f"{count} oldestDate={after.timestamp()}") == 0


def test_a_poll_that_waits(aws: Aws, http_swf: Any) -> None:
    poll = "poll-for-decision-task --domain videos --task-list name=deciders --cli-read-timeout 70"
    process = aws.begin(poll)
    # Long enough to be surely waiting; should it not be, the test is no less true.
    time.sleep(3)
    http_swf.start()
    task = answer(process)
    assert task["startedEventId"] == 3
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]
