"""Durable workflows in plain Python on Amazon SWF."""

from swflow.authoring.activity import ActivityType, activity
from swflow.authoring.children import Child
from swflow.authoring.continuing import continue_as_new
from swflow.authoring.external import ExternalWorkflow, external
from swflow.authoring.info import WorkflowInfo, info, now, publish
from swflow.authoring.outcome import Outcome, attempt
from swflow.authoring.records import cached, marker, patched, random, uuid4
from swflow.authoring.retry import Retry
from swflow.authoring.saga import Saga
from swflow.authoring.signals import Signal
from swflow.authoring.sleeping import sleep, timer
from swflow.authoring.workflow import WorkflowType, workflow
from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.client.tasks import ActivityTask
from swflow.deciders.decider import Decider
from swflow.deciders.replay import replay
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
    UnknownExecution,
    UnsupportedInWorkflow,
    WorkflowAlreadyRunning,
    WorkflowCancelled,
    WorkflowError,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
)
from swflow.execution.loop import Promise
from swflow.telemetry.logs import JsonFormatter
from swflow.tools.injecting import inject
from swflow.tools.listing import Query, executions
from swflow.tools.rerunning import Rerun, rerun
from swflow.tools.sweeping import sweep
from swflow.values.encryption import Encryption
from swflow.values.folder_store import FolderStore
from swflow.values.payloads import PayloadCodec, Payloads, PayloadStore
from swflow.values.s3_store import S3Store
from swflow.values.serializer import Serializer
from swflow.workers.running import ActivityInfo, activity_info, beating, heartbeat
from swflow.workers.worker import Worker

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
    "JsonFormatter",
    "NonDeterminismError",
    "Outcome",
    "OutdatedInstance",
    "PayloadCodec",
    "PayloadError",
    "PayloadStore",
    "Payloads",
    "Promise",
    "Query",
    "Rerun",
    "Retry",
    "S3Store",
    "Saga",
    "SerializationError",
    "Serializer",
    "Signal",
    "SwflowError",
    "TaskNotOpen",
    "UnknownExecution",
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
    "executions",
    "external",
    "heartbeat",
    "info",
    "inject",
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
