"""One execution as its code sees it: what the code asks for comes together here."""

import asyncio
import functools
import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from types import FrameType
from typing import TYPE_CHECKING, Any

from swflow.errors import SwflowError
from swflow.execution.commands import Command
from swflow.execution.history import Event, attributes
from swflow.execution.inbox import Inbox
from swflow.execution.loop import Timer, WorkflowLoop, outside
from swflow.execution.recorded import Recorded
from swflow.execution.reuse import Reuse
from swflow.execution.timers import DurableTimer
from swflow.values.sealing import Sealer, too_long

if TYPE_CHECKING:
    from swflow.authoring.workflow import WorkflowType


_NOT_THE_WORKFLOWS = (str(Path(__file__).parents[1]), str(Path(asyncio.__file__).parent))


class Context:
    """What activities, timers, children, signals and markers need of the execution they are in.

    Attributes:
        workflow: its type.
        workflow_id: whom it is about; empty where nobody said so, as in a stored history.
        run_id: which of the executions with that id it is; empty likewise.
        sealer: of its domain; knows how long a payload may be, and one that was sealed.
        loop: its event loop.
        main: the task of the workflow's function.
        started: the event that it began with.
        history_length: how many events it had when the decision in hand was begun.
        recorded: what the decision in hand recorded; None where it is made for the first time.
        making: the commands of the decision in hand, in order.
        reuse: the results of an earlier execution that it takes over.
        inboxes: the signals that arrived, by name.
        patches: which changes of the code it is to know, as far as it was asked.
        random: its own random numbers, once something asked for them.
        published: what it shows of itself, if this decision changed that.
        broken: why it has to fail, whatever its code says.
        traced: whether to note where in the code each command is asked for.
    """

    def __init__(
        self, workflow: "WorkflowType[..., Any]", workflow_id: str, run_id: str, sealer: Sealer
    ) -> None:
        self.workflow = workflow
        self.sealer = sealer
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.loop = WorkflowLoop(self)  # type: ignore[abstract] # the rest is added by name
        self.main: asyncio.Task[Any] | None = None
        self.started: Event = {"eventType": "WorkflowExecutionStarted"}
        self.history_length = 0
        self.recorded: Recorded | None = None
        self.making: dict[Command, None] = {}
        self.reuse = Reuse()
        self.inboxes: defaultdict[str, Inbox] = defaultdict(functools.partial(Inbox, self.loop))
        self.patches: dict[str, bool] = {}
        self.random: Random | None = None
        self.published: str | None = None
        self.broken: BaseException | None = None
        self.traced = False
        self._numbers = 0

    @classmethod
    def current(cls) -> "Context | None":
        """The execution whose code is running here, if one is."""
        loop = WorkflowLoop.current()
        if loop is None:
            return None
        loop.check_open()
        context: Context = loop.commands
        return context

    @classmethod
    def required(cls, what: str) -> "Context":
        """The execution whose code is running here.

        Raises:
            SwflowError: none is.
        """
        context = cls.current()
        if context is None:
            raise SwflowError(f"{what} is for a workflow's code, and no workflow is running here")
        return context

    def number(self) -> int:
        """The next number among all that the code asks for."""
        self._numbers += 1
        return self._numbers

    def ask(self, command: Command) -> None:
        """Make a command part of the decision in hand.

        Raises:
            SerializationError: it is too long, and there is no payload store.
        """
        self.loop.check_open()
        self.check(command)
        if self.traced:
            command.where = _place()
        self.making[command] = None

    def check(self, command: Command) -> None:
        """Find out whether a command can be sent, as far as its length goes.

        Raises:
            SerializationError: it is too long, and there is no payload store.
        """
        text = command.payload()
        if text is not None and not self.fits(text):
            raise too_long(text, command.payload_name())

    def fits(self, text: str) -> bool:
        """Whether a payload can be sent, as far as its length goes."""
        if self.sealer.is_plain(text):
            return True
        with outside():  # a codec may ask somebody for its key
            return self.sealer.fits(text)

    def retract(self, command: Command) -> bool:
        """Take a command back, if it was not sent yet; whether that was so."""
        if command not in self.making:
            return False
        del self.making[command]
        return True

    def started_with(self) -> Any:
        """What WorkflowExecutionStarted says."""
        return attributes(self.started)

    # What the loop asks for.

    def start_timer(self, timer: Timer, seconds: int) -> None:
        """Have a timer of the loop run after this many seconds."""
        timer_id = str(self.number())
        timer.durable = DurableTimer(self, timer_id, seconds, lambda: self.loop.fire(timer))

    def cancel_timer(self, timer: Timer) -> None:
        """Nobody waits for this timer any more."""
        if timer.durable is not None:
            timer.durable.cancel()


def _place() -> str | None:
    """The file and the line of the workflow's code that is running; None if none of it is."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - a whole stack is slow to collect
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_NOT_THE_WORKFLOWS):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None
