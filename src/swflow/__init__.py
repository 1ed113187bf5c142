"""Durable workflows in plain Python on Amazon SWF."""

from swflow.activity import ActivityType, activity
from swflow.errors import (
    ActivityCancelled,
    ActivityError,
    ActivityFailed,
    ActivityTimedOut,
    Failure,
    NonDeterminismError,
    SerializationError,
    SwflowError,
    UnsupportedInWorkflow,
    WorkflowAlreadyRunning,
    WorkflowError,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
)
from swflow.loop import Promise
from swflow.replay import replay
from swflow.retry import Retry
from swflow.workflow import WorkflowType, now, workflow

__all__ = [
    "ActivityCancelled",
    "ActivityError",
    "ActivityFailed",
    "ActivityTimedOut",
    "ActivityType",
    "Failure",
    "NonDeterminismError",
    "Promise",
    "Retry",
    "SerializationError",
    "SwflowError",
    "UnsupportedInWorkflow",
    "WorkflowAlreadyRunning",
    "WorkflowError",
    "WorkflowFailed",
    "WorkflowTerminated",
    "WorkflowTimedOut",
    "WorkflowType",
    "activity",
    "now",
    "replay",
    "workflow",
]
