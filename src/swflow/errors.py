"""Every exception a user of swflow meets."""

# ruff: noqa: N818 - the names say what happened, in Amazon SWF's words: not all of it is an error

from typing import Any


class SwflowError(Exception):
    """Everything swflow raises on purpose."""


class SerializationError(SwflowError):
    """A value does not fit its type hint, its JSON form, or Amazon SWF's limits."""


class PayloadError(SwflowError):
    """A payload cannot be stored, fetched or decoded.

    Attributes:
        retry: whether it may be there later, or with another configuration.
        passing: whether the store is in trouble, which may pass by itself.
        brief: the same in a few words, to stand in the payload's place.
    """

    def __init__(
        self, message: str, *, retry: bool = True, passing: bool = False, brief: str = ""
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.passing = passing
        self.brief = brief or message


class NonDeterminismError(SwflowError):
    """A workflow's code does not do what its history says it did.

    Attributes:
        expected: what the history holds, or None if it holds nothing there.
        actual: what the code does now, or None if it does nothing there.
        event_id: the event of the history at which the two part.
        where: the file and the line of the code that makes it, where that is known.
    """

    def __init__(
        self, expected: str | None, actual: str | None, event_id: int, where: str | None = None
    ) -> None:
        super().__init__(
            f"code and history differ at event {event_id}: "
            f"the history has {expected or 'nothing more'}, "
            f"the code makes {actual or 'nothing more'}{f' at {where}' if where else ''}; "
            f"run the code that began this execution, or start the execution again"
        )
        self.expected = expected
        self.actual = actual
        self.event_id = event_id
        self.where = where


class OutdatedInstance(SwflowError):
    """A kept execution made a decision that was not taken, and cannot take it back.

    Whoever keeps it drops it, and replays the history with a new one.
    """

    def __init__(self) -> None:
        super().__init__("the decision made last was not taken: replay the whole history")


class UnsupportedInWorkflow(SwflowError, RuntimeError):
    """A workflow's code began something that cannot be replayed, as a thread or a connection."""


class Failure(SwflowError):
    """Raised by an activity, or by a workflow, that fails on purpose.

    Args:
        reason: one sentence; what is over 256 characters is cut off.
        details: anything that JSON can hold.
        retry: False if trying again cannot help: the task fails at once.
    """

    def __init__(self, reason: str, details: Any = None, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details
        self.retry = retry


class ActivityCancelled(SwflowError):
    """Raised by `heartbeat()`: this run of the activity is no longer wanted; clean up and end."""


class CompleteLater(SwflowError):
    """Raised by an activity whose task is completed later, by a person or another system.

    The worker gives no answer. Whoever is to complete the task needs its token, which is
    `activity_info().task_token`, and gives it to `Client.task`.
    """

    def __init__(self) -> None:
        super().__init__("the task is to be completed later, by its token")


class TaskNotOpen(SwflowError):
    """A task cannot be answered: it was before, it timed out, or its execution closed."""


class ActivityError(SwflowError):
    """An activity did not succeed, and its retries are used up.

    Attributes:
        activity: the name of the activity's type.
    """

    def __init__(self, message: str, activity: str) -> None:
        super().__init__(message)
        self.activity = activity


class Told:
    """What a failure that travelled says of itself.

    Attributes:
        reason: at most 256 characters.
        details: the failure's details; of an unexpected exception its "type" and "traceback".
        retry: what the failure said about trying again.
    """

    reason: str
    details: Any
    retry: bool

    @property
    def type(self) -> str | None:
        """The name of the exception's type, if the failure was an unexpected exception."""
        return self._origin("type")

    @property
    def traceback(self) -> str | None:
        """The end of its traceback, if the failure was an unexpected exception."""
        return self._origin("traceback")

    def _origin(self, key: str) -> str | None:
        found = self.details.get(key) if isinstance(self.details, dict) else None
        return found if isinstance(found, str) else None


class ActivityFailed(Told, ActivityError):
    """The last attempt of an activity failed, or the activity could not be scheduled.

    It says what the failure said: `reason`, `details` and `retry`; of an unexpected exception
    `type` and `traceback`.
    """

    def __init__(self, reason: str, details: Any, *, retry: bool, activity: str) -> None:
        super().__init__(f"{activity} failed: {reason}", activity)
        self.reason = reason
        self.details = details
        self.retry = retry


class ActivityTimedOut(ActivityError):
    """The last attempt of an activity took too long.

    Attributes:
        kind: SCHEDULE_TO_START, START_TO_CLOSE, SCHEDULE_TO_CLOSE or HEARTBEAT.
        details: the details of the attempt's last heartbeat.
    """

    def __init__(self, kind: str, details: Any, *, activity: str) -> None:
        super().__init__(f"{activity} timed out ({kind})", activity)
        self.kind = kind
        self.details = details


class UnknownExecution(SwflowError):
    """There is no such execution, or it is closed and what was asked for needs an open one."""


class WorkflowError(SwflowError):
    """A workflow execution closed without a result."""


class WorkflowFailed(Told, WorkflowError):
    """The workflow's function raised an exception.

    It says what the failure said: `reason`, `details` and `retry`; of an unexpected exception
    `type` and `traceback`.
    """

    def __init__(self, reason: str, details: Any, *, retry: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details
        self.retry = retry


class WorkflowTimedOut(WorkflowError):
    """The execution took longer than its execution timeout."""


class WorkflowTerminated(WorkflowError):
    """The execution was terminated from outside."""


class WorkflowCancelled(WorkflowError):
    """The execution was cancelled: it was asked to end, and did."""


class WorkflowAlreadyRunning(WorkflowError):
    """An execution with this workflow id is open."""


class ChildError(SwflowError):
    """A child workflow did not succeed.

    Attributes:
        workflow: the name of the child's type.
        workflow_id: the child's.
    """

    def __init__(self, what: str, workflow: str, workflow_id: str) -> None:
        super().__init__(f"{workflow} ({workflow_id!r}) {what}")
        self.workflow = workflow
        self.workflow_id = workflow_id


class ChildFailed(Told, ChildError):
    """A child's function raised an exception.

    It says what the failure said: `reason`, `details` and `retry`; of an unexpected exception
    `type` and `traceback`.
    """

    def __init__(
        self, reason: str, details: Any, workflow: str, workflow_id: str, *, retry: bool
    ) -> None:
        super().__init__(f"failed: {reason}", workflow, workflow_id)
        self.reason = reason
        self.details = details
        self.retry = retry


class ChildTimedOut(ChildError):
    """A child took longer than its execution timeout."""


class ChildCancelled(ChildError):
    """A child was cancelled, and not by its parent's giving it up."""


class ChildTerminated(ChildError):
    """A child was terminated from outside."""


class ChildNotStarted(ChildError):
    """A child could not be started.

    Attributes:
        cause: Amazon SWF's word for why, such as WORKFLOW_ALREADY_RUNNING.
    """

    def __init__(self, cause: str, workflow: str, workflow_id: str) -> None:
        super().__init__(f"could not be started: {cause}", workflow, workflow_id)
        self.cause = cause


class ExternalWorkflowError(SwflowError):
    """Another execution could not be signalled or asked to cancel itself.

    Attributes:
        workflow_id: the other execution's.
        cause: Amazon SWF's word for why, such as UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION.
    """

    def __init__(self, workflow_id: str, cause: str) -> None:
        super().__init__(f"execution {workflow_id!r} could not be reached: {cause}")
        self.workflow_id = workflow_id
        self.cause = cause


class CachedCallFailed(Told, SwflowError):
    """A function that is `@cached` raised an exception, now or when it was recorded.

    It says what the exception said: `reason`, `type` and `traceback`.

    Attributes:
        function: the function's name.
    """

    def __init__(self, reason: str, details: Any, function: str, *, retry: bool) -> None:
        super().__init__(f"{function} failed: {reason}")
        self.reason = reason
        self.details = details
        self.retry = retry
        self.function = function


class CompensationFailed(SwflowError):
    """Steps of a saga could not be undone; the others were.

    Attributes:
        errors: what went wrong, one exception for each, in the order they were tried.
    """

    def __init__(self, errors: list[Exception]) -> None:
        super().__init__("could not be undone: " + "; ".join(str(each) for each in errors))
        self.errors = errors
