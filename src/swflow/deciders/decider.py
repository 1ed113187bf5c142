"""The process that makes the decisions."""

import logging
import math
import os
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from swflow.authoring.workflow import WorkflowType
from swflow.client.client import Client
from swflow.deciders.deciding import Deciding
from swflow.deciders.guards import warn
from swflow.endpoint.lanes import Call, Conversation, carry_on
from swflow.endpoint.polling import LONGEST, poll_of
from swflow.endpoint.stopping import Stop, on_signals
from swflow.errors import SwflowError

_log = logging.getLogger(__name__)

_SHARED_POLLS = 2
_OWN_POLLS = 10
_PAGE = 100
_QUIET = 0.5
_LONGEST_FAREWELL = 5.0
_MAX_NAME = 256


class Decider:
    """Polls a task list for decision tasks, and decides with the workflows' code.

    An execution that it has decided for is kept in memory, suspended, and asks for its next
    decisions on a task list that this process alone polls; so a decision costs what is new, and
    not the whole history. If nobody answers there for ten seconds, because the process is gone,
    Amazon SWF asks on the common list again, and whoever polls it replays the history. Told to
    stop, the process gives back the executions that ask it for something meanwhile.

    Args:
        client: the domain.
        workflows: the types it serves.
        task_list: what it polls.
        cache: how many executions to keep in memory; 0 to replay the history for every decision.
        name: what no other decider of the task list is called. One that is started again by the
            same name, after a crash or a deployment, polls its old list: nobody waits ten seconds.
    """

    def __init__(
        self,
        client: Client,
        workflows: Sequence[WorkflowType[..., Any]],
        *,
        task_list: str,
        cache: int = 1_000,
        name: str | None = None,
    ) -> None:
        self._client = client
        self._workflows = {(each.name, each.version): each for each in workflows}
        self._task_list = task_list
        own = name or uuid4().hex
        self._own_list = f"{task_list[: _MAX_NAME - len(own) - 1]}-{own}"
        self._own_polls = _OWN_POLLS if cache else 0
        self._deciding = Deciding(
            client.domain, workflows, self._own_list, cache, client.connection.sealer
        )
        self._leaves_at = math.inf
        self._leaves_latest = math.inf

    def run(self) -> None:
        """Decide until SIGTERM or SIGINT, then finish what is in hand; a second one ends it now.

        Raises:
            SwflowError: the domain does not exist, or a workflow's type hints are of no use.
        """
        for each in self._workflows.values():
            each.codec.prepare()
        warn(self._workflows.values())
        self._client.require_domain()
        with Stop() as stop:

            def ask_to_stop() -> None:
                if stop.requested():
                    os._exit(1)
                stop.request()

            with on_signals(ask_to_stop):
                self._serve(stop)

    def _serve(self, stop: Stop) -> None:
        _log.info("deciding for %s on task list %s", self._deciding.served, self._task_list)
        try:
            carry_on(self._client.connection.transport, stop, self.conversations(stop))
        finally:
            self.close()
        _log.info("stopped deciding on task list %s", self._task_list)

    def close(self) -> None:
        """Let go of the executions that are kept in memory."""
        self._deciding.close()

    def conversations(self, stop: Stop) -> list[Conversation[None]]:
        """What `run` talks with the service, for those who carry conversations on by themselves.

        Args:
            stop: ends them.
        """
        lanes = [self._shared(stop) for _ in range(_SHARED_POLLS)]
        return lanes + [self._own(stop) for _ in range(self._own_polls)]

    def _shared(self, stop: Stop) -> Conversation[None]:
        """Poll the common list: for executions that are new here, or whose decider is gone."""
        asked = poll_of(self._client.domain, self._task_list)
        asked |= {"reverseOrder": True, "maximumPageSize": _PAGE}
        poll = Call("PollForDecisionTask", asked, LONGEST, hang_up_at=stop.hang_up_at)
        while not stop.requested():
            yield from self._poll(poll)

    def _own(self, stop: Stop) -> Conversation[None]:
        """Poll the list of the executions that are kept here, a little longer than the other."""
        asked = poll_of(self._client.domain, self._own_list)
        asked["startAtPreviousStartedEvent"] = True
        poll = Call("PollForDecisionTask", asked, LONGEST, hang_up_at=lambda: self._leave_at(stop))
        while self._leave_at(stop) > time.monotonic():
            was_given = yield from self._poll(poll)
            if was_given and stop.requested():
                self._leaves_at = min(time.monotonic() + _QUIET, self._leaves_latest)

    def _poll(self, poll: Call) -> Conversation[bool]:
        """Poll, and decide; whether there was something to decide."""
        try:
            task = yield poll
        except (BotoCoreError, ClientError) as error:
            raise SwflowError(f"polling was refused: {error}") from error
        if not task.get("taskToken"):
            return False
        yield from self._deciding.decide(task)
        return True

    def _leave_at(self, stop: Stop) -> float:
        """When to stop polling for the executions that are kept here."""
        if self._leaves_at == math.inf and stop.requested():
            self._deciding.give_back(self._task_list)
            now = time.monotonic()
            self._leaves_latest = now + _LONGEST_FAREWELL
            self._leaves_at = now + (_QUIET if self._deciding.kept else 0.0)
        return self._leaves_at
