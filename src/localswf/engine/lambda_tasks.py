"""Lambda tasks: runs the functions that executions schedule.

What SWF writes of a function that fails was seen on the real service: the reason UnhandledError,
and in the details the JSON object that AWS Lambda answers with.
"""

import asyncio
import json
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, thread
from functools import partial
from typing import Any

from localswf.clock import Clock
from localswf.core.state import LambdaTask
from localswf.engine.command_function import CommandError, CommandFunction
from localswf.engine.dispatch import Dispatcher
from localswf.engine.runs import Run, Runs
from localswf.store.journal import Journal

Function = Callable[[str | None], str | None] | CommandFunction
"""Takes a task's input and returns its result; what it raises fails the task."""

Outcome = tuple[str, Mapping[str, str | None]]
"""The event that closes a task, and what it tells."""

# Whose lines are no part of a function's trace.
_CALLERS = frozenset({__file__, thread.__file__})

_AT_ONCE = 16
_LONGEST_RESULT = 32_768
_LONGEST_DETAILS = 32_768
_LONGEST_MESSAGE = 5_000


class LambdaTasks:
    """Every Lambda task that is not over.

    A task is started when one of the few places is free, and its function called once that is on
    disk: a crash never makes it run twice. A task that was started by a server that has ended
    times out when its time is over. A function whose execution has closed runs on, as on AWS, and
    nobody hears of it.

    Functions run in threads, commands as processes. A thread cannot be ended, so a function that
    takes too long is reported as timed out and goes on. Under a virtual clock a function runs
    before the next call is carried out, and takes no time unless it moves the clock itself.
    """

    def __init__(
        self,
        functions: Mapping[str, Function],
        runs: Runs,
        dispatcher: Dispatcher,
        journal: Journal,
        clock: Clock,
    ) -> None:
        """Take up the scheduled tasks of the open executions."""
        self._functions = functions
        self._dispatcher = dispatcher
        self._journal = journal
        self._clock = clock
        self._threads = ThreadPoolExecutor(_AT_ONCE, "lambda")
        self._waiting: deque[tuple[Run, int]] = deque()
        self._places = _AT_ONCE
        self._calls: set[asyncio.Task[None]] = set()
        self._closed = False
        dispatcher.on_lambda(self._schedule)
        for run in runs.all_open():
            for task in run.execution.lambdas.values():
                if not task.started_id:
                    self._waiting.append((run, task.scheduled_id))
        if self._waiting:
            dispatcher.at(clock.now(), self._start_waiting)

    async def close(self) -> None:
        """End the commands that run, and start nothing more."""
        self._closed = True
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _schedule(self, run: Run, scheduled_id: int) -> None:
        self._waiting.append((run, scheduled_id))
        # Not now: the call that scheduled it may not be through.
        self._dispatcher.at(self._clock.now(), self._start_waiting)

    def _start_waiting(self) -> None:
        while self._waiting and self._places:
            run, scheduled_id = self._waiting.popleft()
            execution = run.execution
            # Its execution may have closed.
            if scheduled_id not in execution.lambdas:
                continue
            events = execution.start_lambda(scheduled_id, self._clock.now())
            self._dispatcher.record(run, events)
            task = execution.lambdas.get(scheduled_id)
            if task is not None:
                self._places -= 1
                self._journal.eventually(partial(self._call, run, task))

    def _call(self, run: Run, task: LambdaTask) -> None:
        if self._closed:
            return
        if self._clock.virtual:
            self._dispatcher.set_alarm()
            outcome = self._outcome_now(task)
            self._places += 1
            self._report(run, task, outcome)
        else:
            call = asyncio.get_running_loop().create_task(self._run(run, task))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _run(self, run: Run, task: LambdaTask) -> None:
        try:
            # The deadline in the execution's state is what reports that the time is over.
            async with asyncio.timeout(task.start_to_close / 1000):
                outcome = await self._outcome(task)
        except TimeoutError:
            outcome = None
        self._places += 1
        if outcome is not None:
            self._report(run, task, outcome)
        self._start_waiting()
        self._dispatcher.set_alarm()

    async def _outcome(self, task: LambdaTask) -> Outcome:
        function = self._functions.get(_function_name(task.name))
        if function is None:
            return _not_found(task.name)
        try:
            if isinstance(function, CommandFunction):
                result: Any = await function.run(task.input)
            else:
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(self._threads, function, task.input)
        except Exception as error:  # noqa: BLE001 - a function may raise anything
            return _failed(error)
        return _ended(result)

    def _outcome_now(self, task: LambdaTask) -> Outcome:
        function = self._functions.get(_function_name(task.name))
        if function is None:
            return _not_found(task.name)
        try:
            return _ended(_call_now(function, task.input))
        except Exception as error:  # noqa: BLE001 - a function may raise anything
            return _failed(error)

    def _report(self, run: Run, task: LambdaTask, outcome: Outcome) -> None:
        execution = run.execution
        # It may have timed out, or its execution may have closed.
        if execution.lambdas.get(task.scheduled_id) is task:
            now = self._clock.now()
            self._dispatcher.record(run, execution.end_lambda(task, *outcome, now))


def _call_now(function: Function, function_input: str | None) -> str | None:
    if isinstance(function, CommandFunction):
        raise TypeError("A command takes real time, and a virtual clock has none.")
    return function(function_input)


def _function_name(name: str) -> str:
    """The function's own name, if `name` is an ARN."""
    _, arn, named = name.rpartition(":function:")
    return named.partition(":")[0] if arn else name


def _ended(result: object) -> Outcome:
    if result is not None and not isinstance(result, str):
        return _failure("Runtime.MarshalError", f"The result is {result!r}, not a string.")
    if result is not None and len(result) > _LONGEST_RESULT:
        sentence = f"The result has {len(result)} characters; {_LONGEST_RESULT} are allowed."
        return _failure("Function.ResponseSizeTooLarge", sentence)
    return "LambdaFunctionCompleted", {"result": result}


def _failed(error: Exception) -> Outcome:
    if isinstance(error, CommandError):
        return _failure(error.error_type, str(error))
    frames = traceback.extract_tb(error.__traceback__)
    trace = traceback.format_list([one for one in frames if one.filename not in _CALLERS])
    return _failure(type(error).__name__, str(error), trace)


def _failure(error_type: str, message: str, trace: list[str] | None = None) -> Outcome:
    told: dict[str, Any] = {"errorMessage": message[:_LONGEST_MESSAGE], "errorType": error_type}
    details = json.dumps({**told, "stackTrace": trace} if trace else told)
    if len(details) > _LONGEST_DETAILS:
        details = json.dumps(told)
    return "LambdaFunctionFailed", {"reason": "UnhandledError", "details": details}


def _not_found(name: str) -> Outcome:
    details = json.dumps({"errorMessage": f"Function not found: {name}"})
    return "LambdaFunctionFailed", {"reason": "ResourceNotFoundException", "details": details}
