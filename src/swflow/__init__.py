"""Durable workflows in plain Python on Amazon SWF."""

from swflow.activity import ActivityType, activity
from swflow.children import Child
from swflow.client import Client, Execution
from swflow.continuing import continue_as_new
from swflow.decider import Decider
from swflow.encryption import Encryption
from swflow.errors import (
    ActivityCancelled,
    ActivityError,
    ActivityFailed,
    ActivityTimedOut,
    CachedCallFailed,
    ChildCancelled,
    ChildError,
    ChildFailed,
    ChildNotStarted,
    ChildTerminated,
    ChildTimedOut,
    CompensationFailed,
    CompleteLater,
    ExternalWorkflowError,
    Failure,
    NonDeterminismError,
    OutdatedInstance,
    PayloadError,
    SerializationError,
    SwflowError,
    TaskNotOpen,
    UnsupportedInWorkflow,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowError,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
)
from swflow.external import ExternalWorkflow, external
from swflow.folder_store import FolderStore
from swflow.info import WorkflowInfo, info, now, publish
from swflow.loop import Promise
from swflow.outcome import Outcome, attempt
from swflow.payloads import PayloadCodec, Payloads, PayloadStore
from swflow.records import cached, marker, patched, random, uuid4
from swflow.replay import replay
from swflow.rerunning import Rerun, rerun
from swflow.retry import Retry
from swflow.running import ActivityInfo, activity_info, beating, heartbeat
from swflow.s3_store import S3Store
from swflow.saga import Saga
from swflow.signals import Signal
from swflow.sleeping import sleep, timer
from swflow.sweeping import sweep
from swflow.tasks import ActivityTask
from swflow.worker import Worker
from swflow.workflow import WorkflowType, workflow

__all__ = [
    "ActivityCancelled",
    "ActivityError",
    "ActivityFailed",
    "ActivityInfo",
    "ActivityTask",
    "ActivityTimedOut",
    "ActivityType",
    "CachedCallFailed",
    "Child",
    "ChildCancelled",
    "ChildError",
    "ChildFailed",
    "ChildNotStarted",
    "ChildTerminated",
    "ChildTimedOut",
    "Client",
    "CompensationFailed",
    "CompleteLater",
    "Decider",
    "Encryption",
    "Execution",
    "ExternalWorkflow",
    "ExternalWorkflowError",
    "Failure",
    "FolderStore",
    "NonDeterminismError",
    "Outcome",
    "OutdatedInstance",
    "PayloadCodec",
    "PayloadError",
    "PayloadStore",
    "Payloads",
    "Promise",
    "Rerun",
    "Retry",
    "S3Store",
    "Saga",
    "SerializationError",
    "Signal",
    "SwflowError",
    "TaskNotOpen",
    "UnsupportedInWorkflow",
    "Worker",
    "WorkflowAlreadyRunning",
    "WorkflowCancelled",
    "WorkflowError",
    "WorkflowFailed",
    "WorkflowInfo",
    "WorkflowTerminated",
    "WorkflowTimedOut",
    "WorkflowType",
    "activity",
    "activity_info",
    "attempt",
    "beating",
    "cached",
    "continue_as_new",
    "external",
    "heartbeat",
    "info",
    "marker",
    "now",
    "patched",
    "publish",
    "random",
    "replay",
    "rerun",
    "sleep",
    "sweep",
    "timer",
    "uuid4",
    "workflow",
]
