"""One activity task in hand: run, interrupted or cancelled, and answered."""

import asyncio
import inspect
import logging
import signal
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from swflow.authoring.activity import ActivityType
from swflow.endpoint.lanes import Caller
from swflow.errors import ActivityCancelled, CompleteLater
from swflow.telemetry.logs import TaskLog
from swflow.telemetry.tracing import span
from swflow.values.activity_ids import attempt_of
from swflow.values.failure import Report
from swflow.values.sealing import too_long
from swflow.workers.heartbeat import Heartbeats, Sender, Unwanted
from swflow.workers.responding import STOPPED, Reply, Responder
from swflow.workers.running import ActivityInfo, running

_log = logging.getLogger(__name__)


class Interrupted(BaseException):
    """The grace time is over; not an Exception, so that no activity goes on after it."""


class Place(Protocol):
    """Where work is done."""

    @property
    def sender(self) -> Sender:
        """What sends the heartbeats."""

    @property
    def closing(self) -> bool:
        """Whether the grace time is over."""


class Work:
    """A task that an activity of this worker is run for.

    A function is called by the thread that `perform`s it. A coroutine runs on the event loop that
    `perform_by` is awaited on, which the process's tasks share, or else on one of its own. A
    cancellation or the end of the grace time reaches a coroutine as asyncio cancels tasks. A
    function hears of them from `heartbeat()`, and the end of the grace time interrupts it wherever
    it is if it runs in the main thread.
    """

    def __init__(
        self,
        place: Place,
        activity: ActivityType[..., Any],
        task: dict[str, Any],
        responder: Responder,
        log: TaskLog,
    ) -> None:
        self._place = place
        self._activity = activity
        self._task = task
        self._responder = responder
        self._log = log
        self._heartbeats = Heartbeats(
            place.sender,
            responder.heartbeat,
            responder.sealer,
            activity.heartbeat_timeout_of(task.get("input")),
            self._cancel_coroutine if activity.is_async else None,
        )
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._interrupted = False
        self._interruptible = False
        self._coroutine: asyncio.Task[Any] | None = None

    def perform(self) -> None:
        """Run the activity and answer, if somebody waits for an answer."""
        try:
            with span(f"perform {self._log.kind}", self._log.about), self._running():
                reply: Reply | None = self._completed(self._call(*self._given()))
        except BaseException as error:  # noqa: BLE001 - all but a few are logged and answered
            reply = self._reply_to(error)
        if reply is not None:
            self._responder.give(reply)

    async def perform_by(self, caller: Caller) -> None:
        """The same for an activity that is a coroutine, on the running event loop."""
        try:
            with span(f"perform {self._log.kind}", self._log.about), self._running():
                value = await self._held(self._called(*self._given()))
                reply: Reply | None = self._completed(value)
        except BaseException as error:  # noqa: BLE001 - all but a few are logged and answered
            reply = self._reply_to(error)
        if reply is not None:
            await self._responder.give_by(caller, reply)

    def interrupt(self) -> None:
        """The grace time is over: make the activity end, in whatever thread it is."""
        self._interrupted = True
        if self._coroutine is not None:
            self._cancel_coroutine()
        elif not self._in_main_thread:
            self._heartbeats.refuse(Interrupted())
        elif (main := threading.main_thread().ident) is not None:
            signal.pthread_kill(main, signal.SIGTERM)

    def interrupt_here(self) -> None:
        """Raise in the main thread, whose signal handler calls this, if it is time to."""
        if self._interrupted and self._interruptible:
            self._interruptible = False
            raise Interrupted

    def give_up(self) -> None:
        """Answer for an activity that does not end, such as one inside a library's own code."""
        self._log.warning("given up: it did not end")
        self._responder.hand_back()

    def _running(self) -> running:
        """The code in it is the activity's."""
        return running(self._info(), self._heartbeats)

    def _given(self) -> tuple[list[Any], dict[str, Any]]:
        """The activity's arguments."""
        return self._activity.codec.load_call(self._task.get("input"))

    def _call(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self._interruptible = True
        try:
            self._refuse_if_late()
            given = self._called(args, kwargs)
        finally:
            self._interruptible = False
        return asyncio.run(self._held(given)) if inspect.iscoroutine(given) else given

    def _called(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self._activity.function(*args, **kwargs)

    async def _held(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What it returns; until then it can be cancelled."""
        self._coroutine = asyncio.current_task()
        try:
            self._refuse_if_late()
            return await coroutine
        finally:
            self._coroutine = None
            coroutine.close()

    def _refuse_if_late(self) -> None:
        if self._interrupted or self._place.closing:
            raise Interrupted

    def _cancel_coroutine(self) -> None:
        """Cancel it from another thread."""

        def cancel() -> None:
            if self._coroutine is not None:
                self._coroutine.cancel()

        coroutine = self._coroutine
        if coroutine is not None:
            with suppress(RuntimeError):  # its loop has ended by itself
                coroutine.get_loop().call_soon_threadsafe(cancel)

    def _completed(self, value: Any) -> Reply:
        result = self._activity.codec.dump_result(value)
        if not self._responder.sealer.fits(result):
            raise too_long(result, f"the result of {self._activity.name}")
        self._log.info("completed")
        return Reply("completed", result)

    def _reply_to(self, error: BaseException) -> Reply | None:
        """What is answered where the activity did not return; None if nobody waits for it."""
        match error:
            case CompleteLater():
                self._log.info("to be completed later")
                return None
            case ActivityCancelled() | asyncio.CancelledError():
                return self._stopped(error)
            case Interrupted():
                return self._handed_back()
            case Exception() | SystemExit():
                self._log.exception("failed")
                return Reply.failed(Report.of(error))
            case _:
                raise error

    def _stopped(self, error: BaseException) -> Reply | None:
        unwanted = self._heartbeats.unwanted
        if unwanted is None and self._interrupted:
            return self._handed_back()
        if unwanted is None:
            self._log.error("failed: cancelled by itself")
            return Reply.failed(Report.of(error))
        self._log.warning("stopped: %s", unwanted.value)
        return Reply("canceled") if unwanted is Unwanted.CANCELLED else None

    def _handed_back(self) -> Reply:
        self._log.warning("interrupted: the worker was told to stop")
        return Reply.failed(STOPPED)

    def _info(self) -> ActivityInfo:
        execution = self._task["workflowExecution"]
        return ActivityInfo(
            name=self._activity.name,
            version=self._activity.version,
            workflow_id=execution["workflowId"],
            run_id=execution["runId"],
            activity_id=self._task["activityId"],
            attempt=attempt_of(self._task["activityId"]),
            task_token=self._task["taskToken"],
        )
