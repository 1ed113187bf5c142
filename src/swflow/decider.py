"""The process that makes the decisions."""

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.client import Client
from swflow.errors import SwflowError
from swflow.guards import check
from swflow.history import Event
from swflow.logs import TaskLog
from swflow.parking import park
from swflow.polling import Poller
from swflow.replay import Decision, Instance
from swflow.retrying import code, persistently
from swflow.stopping import Stop, on_signals
from swflow.workflow import WorkflowType

_log = logging.getLogger(__name__)

_PATIENCE = timedelta(minutes=5)


class Decider:
    """Polls a task list for decision tasks, and decides by replaying the workflows' code.

    An exception that leaves a workflow's function fails its execution: that is the workflow's
    answer. Where the decider cannot go on for reasons that are not the execution's (the code
    differs from the history, the type is not served here, the service refuses the decisions) the
    execution is set aside, as `swflow.parking` says: the healthy execution of a wrong deployment
    goes on as soon as the right one is there.

    Args:
        client: the domain.
        workflows: the types it serves.
        task_list: what it polls.
    """

    def __init__(
        self, client: Client, workflows: Sequence[WorkflowType[..., Any]], *, task_list: str
    ) -> None:
        self._client = client
        self._workflows = {(each.name, each.version): each for each in workflows}
        self._task_list = task_list

    def run(self) -> None:
        """Decide until SIGTERM or SIGINT, then finish what is in hand; a second one ends it now.

        Raises:
            SwflowError: the domain does not exist, or a workflow's type hints are of no use.
        """
        for each in self._workflows.values():
            each.codec.prepare()
            for finding in check(each):
                _log.warning("%s", finding)
        self._client.require_domain()
        with Stop() as stop:
            poller = Poller(self._client.connection, stop, "PollForDecisionTask", self._task_list)

            def ask_to_stop() -> None:
                if stop.requested():
                    os._exit(1)
                stop.request()

            with on_signals(ask_to_stop):
                self._serve(stop, poller)

    def _serve(self, stop: Stop, poller: Poller) -> None:
        served = ", ".join(f"{name} {version}" for name, version in self._workflows)
        _log.info("deciding for %s on task list %s", served, self._task_list)
        while not stop.requested():
            task = poller.poll()
            if task is not None:
                self._decide(task)
        _log.info("stopped deciding on task list %s", self._task_list)

    def _decide(self, task: dict[str, Any]) -> None:
        log = TaskLog(_log, self._client.domain, task)
        try:
            events = self._events(task)
        except (BotoCoreError, ClientError):
            log.exception("could not read the history; the decision will time out")
            return
        published: str | None = None
        try:
            decisions, published = self._replay(task, events)
        except Exception as error:
            log.exception("set aside: it cannot go on with this decider's code")
            decisions = park(events, f"{type(error).__name__}: {error}")
        try:
            self._answer(task, decisions, published)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and code(error) == "UnknownResourceFault":
                log.warning("too late: the decision task is not open any more")
                return
            log.exception("set aside: its decisions were refused")
            decisions = park(events, str(error))
            try:
                self._answer(task, decisions)
            except (BotoCoreError, ClientError):
                log.exception("no answer was taken; the decision will time out")
                return
        made = ", ".join(each["decisionType"] for each in decisions) or "nothing"
        log.info("decided after %d events: %s", len(events), made)

    def _events(self, task: dict[str, Any]) -> list[Event]:
        """The whole history, page by page."""
        events: list[Event] = list(task["events"])
        token = task.get("nextPageToken")
        while token:
            more = {"domain": self._client.domain, "nextPageToken": token}
            page = persistently(
                partial(
                    self._client.connection.swf.poll_for_decision_task,
                    taskList={"name": self._task_list},
                    **more,
                ),
                "reading a history",
                _PATIENCE,
            )
            events += page["events"]
            token = page.get("nextPageToken")
        return events

    def _replay(
        self, task: dict[str, Any], events: list[Event]
    ) -> tuple[list[Decision], str | None]:
        """The decisions, and what they publish."""
        name, version = task["workflowType"]["name"], task["workflowType"]["version"]
        workflow = self._workflows.get((name, version))
        if workflow is None:
            served = ", ".join(f"{name} {version}" for name, version in self._workflows)
            raise SwflowError(f"{name} {version} is not served here; this decider serves {served}")
        execution = task["workflowExecution"]
        this = {"workflow_id": execution["workflowId"], "run_id": execution["runId"]}
        with closing(Instance(workflow, **this)) as instance:
            return instance.feed(events), instance.published

    def _answer(
        self, task: dict[str, Any], decisions: list[Any], published: str | None = None
    ) -> None:
        context: Any = {} if published is None else {"executionContext": published}
        persistently(
            lambda: self._client.connection.swf.respond_decision_task_completed(
                taskToken=task["taskToken"], decisions=decisions, **context
            ),
            "answering a decision task",
            _PATIENCE,
        )
