"""Long polls that can be hung up without losing a task.

A poll waits for up to a minute, and a process that is asked to stop must not. Dropping the
connection would also drop a task that was handed out in that very moment, and the task would then
sit there until its timeout. So only the sending half of the connection is closed: an endpoint that
is still waiting sees that nobody is there any more and ends the poll; a task that is already on its
way arrives, and is worked on.
"""

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from swflow.endpoint.connection import Connection, identity
from swflow.endpoint.retrying import delays, is_passing
from swflow.endpoint.stopping import Stop
from swflow.errors import SwflowError

_log = logging.getLogger(__name__)

LONGEST = 75.0
"""How many seconds to wait for a poll's answer; an empty one comes after 60."""


def poll_of(domain: str, task_list: str) -> dict[str, Any]:
    """What a poll of a task list takes."""
    return {"domain": domain, "taskList": {"name": task_list}, "identity": identity()}


class Poller:
    """Polls one task list, one poll at a time, until stopping is asked for.

    Args:
        connection: the domain.
        stop: ends the poll in hand.
        operation: PollForActivityTask or PollForDecisionTask.
        task_list: what it polls.
    """

    def __init__(self, connection: Connection, stop: Stop, operation: str, task_list: str) -> None:
        self._connection = connection
        self._operation = operation
        self._parameters = poll_of(connection.domain, task_list)
        self._stop = stop

    def poll(self) -> dict[str, Any] | None:
        """Poll once, for as long as it takes to get an answer.

        Returns:
            The task; None if there was none, or if stopping was asked for.

        Raises:
            SwflowError: the endpoint will not have the poll.
        """
        waits = delays()
        while not self._stop.requested():
            try:
                task = self._connection.transport.call_once(
                    self._operation, self._parameters, LONGEST, self._stop
                )
            except (BotoCoreError, ClientError) as error:
                if self._stop.requested():
                    break
                if not is_passing(error):
                    raise SwflowError(f"polling was refused: {error}") from error
                pause = next(waits)
                _log.warning("polling: %s; trying again in %.1f s", error, pause)
                self._stop.wait(pause)
            else:
                return task if task.get("taskToken") else None
        return None
