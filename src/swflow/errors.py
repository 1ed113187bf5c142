"""Every exception a user of swflow meets."""

# ruff: noqa: N818 - the names say what happened, in Amazon SWF's words: not all of it is an error

from typing import Any


class SwflowError(Exception):
    """Everything swflow raises on purpose."""


class SerializationError(SwflowError):
    """A value does not fit its type hint, its JSON form, or Amazon SWF's limits."""


class NonDeterminismError(SwflowError):
    """A workflow's code does not do what its history says it did.

    Attributes:
        expected: what the history holds, or None if it holds nothing there.
        actual: what the code does now, or None if it does nothing there.
        event_id: the event of the history at which the two part.
    """

    def __init__(self, expected: str | None, actual: str | None, event_id: int) -> None:
        super().__init__(
            f"code and history differ at event {event_id}: "
            f"the history has {expected or 'nothing more'}, "
            f"the code makes {actual or 'nothing more'}; "
            f"run the code that began this execution, or start the execution again"
        )
        self.expected = expected
        self.actual = actual
        self.event_id = event_id


class UnsupportedInWorkflow(SwflowError, RuntimeError):
    """A workflow's code asked its event loop for something that cannot be replayed."""


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


class ActivityError(SwflowError):
    """An activity did not succeed, and its retries are used up.

    Attributes:
        activity: the name of the activity's type.
    """

    def __init__(self, message: str, activity: str) -> None:
        super().__init__(message)
        self.activity = activity


class ActivityFailed(ActivityError):
    """The last attempt of an activity failed, or the activity could not be scheduled.

    Attributes:
        reason: the failure's reason, at most 256 characters.
        details: the failure's details; of an unexpected exception its "type" and "traceback".
        retry: what the failure said about trying again.
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


class WorkflowError(SwflowError):
    """A workflow execution closed without a result."""


class WorkflowFailed(WorkflowError):
    """The workflow's function raised an exception.

    Attributes:
        reason: the failure's reason, at most 256 characters.
        details: the failure's details; of an unexpected exception its "type" and "traceback".
        retry: what the failure said about trying again.
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


class WorkflowAlreadyRunning(WorkflowError):
    """An execution with this workflow id is open."""
