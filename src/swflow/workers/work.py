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
from swflow.errors import ActivityCancelled, CompleteLater
from swflow.telemetry.logs import TaskLog
from swflow.telemetry.tracing import span
from swflow.values.activity_ids import attempt_of
from swflow.values.failure import Report
from swflow.values.sealing import too_long
from swflow.workers.heartbeat import Heartbeats, Sender, Unwanted
from swflow.workers.responding import STOPPED, Responder
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
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that coroutines share; None if each has one of its own."""

    @property
    def closing(self) -> bool:
        """Whether the grace time is over."""


class Work:
    """A task that an activity of this worker is run for.

    A function is called by the thread that took the task. A coroutine runs on the event loop that
    the process's tasks share, if there is one and the activity is for it, else on its own; the
    thread waits. A cancellation or the end of the grace time reaches a coroutine as asyncio
    cancels tasks. A function hears of them from `heartbeat()`, and the end of the grace time
    interrupts it wherever it is if it runs in the main thread.
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
        is_async = inspect.iscoroutinefunction(activity.function)
        self._heartbeats = Heartbeats(
            place.sender,
            responder.heartbeat,
            responder.sealer,
            activity.heartbeat_timeout_of(task.get("input")),
            self._cancel_coroutine if is_async else None,
        )
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._interrupted = False
        self._interruptible = False
        self._coroutine: asyncio.Task[Any] | None = None

    def perform(self) -> None:
        """Run the activity and answer, if somebody waits for an answer."""
        try:
            with span(f"perform {self._log.kind}", self._log.about):
                result = self._run()
        except CompleteLater:
            self._log.info("to be completed later")
        except (ActivityCancelled, asyncio.CancelledError) as error:
            self._stopped(error)
        except Interrupted:
            self._hand_back()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is logged and answered
            self._log.exception("failed")
            self._responder.failed(Report.of(error))
        else:
            self._log.info("completed")
            self._responder.completed(result)

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

    def _run(self) -> str:
        try:
            args, kwargs = self._activity.codec.load_call(self._task.get("input"))
            with running(self._info(), self._heartbeats):
                result = self._activity.codec.dump_result(self._call(args, kwargs))
        finally:
            self._heartbeats.close()
        if not self._responder.sealer.fits(result):
            raise too_long(result, f"the result of {self._activity.name}")
        return result

    def _call(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self._interruptible = True
        try:
            self._refuse_if_late()
            given = self._activity.function(*args, **kwargs)
        finally:
            self._interruptible = False
        return self._await(given) if inspect.iscoroutine(given) else given

    def _refuse_if_late(self) -> None:
        if self._interrupted or self._place.closing:
            raise Interrupted

    def _await(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        held = self._held(coroutine)
        loop = self._place.loop if self._activity.pool == "asyncio" else None
        if loop is None:
            value, error = asyncio.run(held)
        else:
            value, error = asyncio.run_coroutine_threadsafe(held, loop).result()
        if error is not None:
            raise error
        return value

    async def _held(self, coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
        """What it returns or raises; an exit must not end the event loop of the other tasks."""
        self._coroutine = asyncio.current_task()
        try:
            self._refuse_if_late()
            return await coroutine, None
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            return None, error
        finally:
            coroutine.close()

    def _cancel_coroutine(self) -> None:
        if self._coroutine is not None:
            with suppress(RuntimeError):  # its loop has ended by itself
                self._coroutine.get_loop().call_soon_threadsafe(self._coroutine.cancel)

    def _stopped(self, error: BaseException) -> None:
        unwanted = self._heartbeats.unwanted
        if unwanted is None and self._interrupted:
            self._hand_back()
        elif unwanted is None:
            self._log.error("failed: cancelled by itself")
            self._responder.failed(Report.of(error))
        else:
            self._log.warning("stopped: %s", unwanted.value)
            if unwanted is Unwanted.CANCELLED:
                self._responder.cancelled()

    def _hand_back(self) -> None:
        self._log.warning("interrupted: the worker was told to stop")
        self._responder.failed(STOPPED)

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
