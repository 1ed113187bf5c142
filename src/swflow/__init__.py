"""Durable workflows in plain Python on Amazon SWF."""

from swflow.activity import ActivityType, activity
from swflow.client import Client, Execution
from swflow.decider import Decider
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
from swflow.heartbeat import ActivityInfo, activity_info, heartbeat
from swflow.loop import Promise
from swflow.replay import replay
from swflow.retry import Retry
from swflow.worker import Worker
from swflow.workflow import WorkflowType, now, workflow

__all__ = [
    "ActivityCancelled",
    "ActivityError",
    "ActivityFailed",
    "ActivityInfo",
    "ActivityTimedOut",
    "ActivityType",
    "Client",
    "Decider",
    "Execution",
    "Failure",
    "NonDeterminismError",
    "Promise",
    "Retry",
    "SerializationError",
    "SwflowError",
    "UnsupportedInWorkflow",
    "Worker",
    "WorkflowAlreadyRunning",
    "WorkflowError",
    "WorkflowFailed",
    "WorkflowTerminated",
    "WorkflowTimedOut",
    "WorkflowType",
    "activity",
    "activity_info",
    "heartbeat",
    "now",
    "replay",
    "workflow",
]
