"""SWF's operations on one machine. Everything runs on one event loop's thread."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localswf import errors
from localswf.clock import Clock, WallClock
from localswf.engine.dispatch import Call, Dispatcher
from localswf.engine.lambda_tasks import Function, LambdaTasks
from localswf.engine.registry import Registry
from localswf.engine.retention import Retention
from localswf.engine.runs import Runs
from localswf.engine.task_lists import Task
from localswf.engine.tokens import Tokens
from localswf.model import Answer, operations
from localswf.operations.activity_tasks import ActivityTasks
from localswf.operations.decision_tasks import DecisionTasks
from localswf.operations.histories import Histories
from localswf.operations.lifecycle import Lifecycle
from localswf.operations.lookup import Lookup
from localswf.operations.pending import PendingTasks
from localswf.operations.refusals import check_refusals, refusal
from localswf.operations.registration import RegistrationOperations
from localswf.operations.visibility import Visibility
from localswf.status import Status
from localswf.store.datafile import DataFileError
from localswf.store.journal import Journal

log = logging.getLogger(__name__)

Handler = Callable[[Call], Answer | None]
"""Carries out an operation: its answer, or None if it settles the call itself."""


class Service:
    """Amazon SWF."""

    def __init__(
        self,
        path: Path | None = None,
        clock: Clock | None = None,
        *,
        lambdas: Mapping[str, Function] | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """Open a data file and go on where it stopped.

        Args:
            path: the data file, made if it is not there; None for one in memory.
            clock: what to take for the time; None for the wall clock.
            lambdas: the Lambda functions by their names; without any, executions that schedule
                one are told that there is no AWS Lambda here.
            refused: what to refuse, for tests of clients: faults by the names of operations, and
                causes by the types of decisions, as {"StartTimer": "TIMER_CREATION_RATE_EXCEEDED",
                "SignalWorkflowExecution": "ThrottlingException"}.

        Raises:
            DataFileError: the file is in use, damaged, or not ours.
            ValueError: SWF does not refuse what is to be refused in that way.
        """
        self._refused = dict(refused or {})
        check_refusals(self._refused)
        self.clock = clock or WallClock()
        grouped = path is not None and not self.clock.virtual
        self._journal = journal = Journal(path, grouped=grouped)
        try:
            registry = Registry(journal, self.clock)
            self._runs = Runs(journal)
        except BaseException:
            journal.release()
            raise
        self._dispatcher = Dispatcher(
            journal,
            self._runs,
            self.clock,
            give_decision=self._give_decision,
            give_activity=self._give_activity,
        )
        self._lambda_tasks = LambdaTasks(
            lambdas or {}, self._runs, self._dispatcher, journal, self.clock
        )
        Retention(journal, registry, self._dispatcher, self.clock)
        tokens = Tokens(journal.secret)
        lookup = Lookup(registry, self._runs, tokens)
        histories = Histories(lookup, self._runs, tokens)
        self._decision_tasks = DecisionTasks(
            lookup,
            histories,
            registry,
            self._runs,
            self._dispatcher,
            tokens=tokens,
            clock=self.clock,
            has_lambda=bool(lambdas),
            refused=self._refused,
        )
        self._activity_tasks = ActivityTasks(
            lookup, self._runs, self._dispatcher, tokens, self.clock
        )
        self._operations = operations()
        self._handlers: Mapping[str, Handler] = {
            **RegistrationOperations(registry, tokens).handlers(),
            **Lifecycle(lookup, registry, self._runs, self._dispatcher, self.clock).handlers(),
            **self._decision_tasks.handlers(),
            **self._activity_tasks.handlers(),
            **histories.handlers(),
            **Visibility(journal, registry, self._dispatcher, tokens).handlers(),
            **PendingTasks(registry, self._dispatcher).handlers(),
        }

    def call(
        self,
        operation: str,
        request: Any,
        *,
        region: str = "us-east-1",
        connected: Callable[[], bool] = lambda: True,
    ) -> asyncio.Future[Answer]:
        """Carry out an operation.

        Args:
            operation: its name on the wire.
            request: its input, as on the wire.
            region: where the caller thinks the service is; for ARNs.
            connected: whether the caller is still there to take an answer. A poll that waits is
                given up by cancelling the future.

        Returns:
            The answer, as on the wire except that `events` are JSON texts; there once everything
            it tells of is on disk. Its exception is a SwfError.

        While the disk refuses what is to be written (see `failure`), nothing is carried out, and
        every call ends in an InternalFailure. One that was at hand when that began may end in it
        too, and its events are written still as soon as there is room: who repeats it is told that
        it is done (WorkflowExecutionAlreadyStarted, UnknownResource) or does it twice (a signal).
        """
        call = Call(request, region, connected, asyncio.get_running_loop().create_future())
        if self._journal.stuck is not None:
            call.future.set_exception(errors.unwritable(self._journal.stuck))
            return call.future
        try:
            answer = self._carry_out(operation, call)
        except errors.SwfError as error:
            self._dispatcher.settle(call, error)
        except DataFileError as error:
            log.error("%s failed: %s", operation, error)  # noqa: TRY400 - the sentence says it all
            self._dispatcher.settle(call, errors.internal_failure(str(error)))
        except Exception:
            log.exception("%s failed", operation)
            self._dispatcher.settle(
                call, errors.internal_failure(f"{operation} failed; the log says why.")
            )
        else:
            if answer is not None:
                self._dispatcher.settle(call, answer)
        self._dispatcher.set_alarm()
        return call.future

    def wake(self) -> None:
        """Let everything that is due happen, and see to it that what comes next will."""
        self._dispatcher.wake()
        self._dispatcher.set_alarm()

    def has_tasks(self) -> bool:
        """Whether a task waits, for decider or worker, after all that is due has happened."""
        self._dispatcher.wake()
        return self._dispatcher.decisions.has_tasks() or self._dispatcher.activities.has_tasks()

    def is_open(self, run_id: str) -> bool:
        """Whether an execution with this runId is open."""
        return self._runs.is_open(run_id)

    def status(self) -> Status:
        """How the service is doing."""
        dispatcher, journal = self._dispatcher, self._journal
        return Status(
            open_executions=self._runs.count_open(),
            decisions=dispatcher.decisions.load(),
            activities=dispatcher.activities.load(),
            deadline_lag=dispatcher.lag(),
            writing=journal.writing,
            queued=journal.queued,
            file_sizes=journal.file_sizes(),
        )

    @property
    def failure(self) -> str | None:
        """Why the data file cannot be written, if it cannot."""
        return self._journal.writing.failure

    def drain(self) -> None:
        """Answer the polls that wait, and every later one that finds no task, with no task."""
        self._dispatcher.drain()

    async def close(self) -> None:
        """Write what is left and close the data file; no calls after this.

        Raises:
            sqlite3.Error: the rest could not be written.
        """
        self._dispatcher.drain()
        self._dispatcher.stop()
        await self._lambda_tasks.close()
        await self._journal.close()

    def _carry_out(self, operation: str, call: Call) -> Answer | None:
        """The answer; None if the handler settles the call itself."""
        handle = self._handlers.get(operation)
        if handle is None:
            raise errors.unknown_operation()
        if operation in self._refused:
            raise refusal(operation, self._refused[operation])
        self._operations[operation].validate(call.request)
        # What was due before this request happens before it.
        self._dispatcher.wake()
        return handle(call)

    def _give_decision(self, call: Call, task: Task) -> None:
        self._decision_tasks.give(call, task)

    def _give_activity(self, call: Call, task: Task) -> None:
        self._activity_tasks.give(call, task)
