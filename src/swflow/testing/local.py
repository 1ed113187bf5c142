"""Local mode: a workflow runs where it is called, without a service."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from swflow.authoring.workflow import WorkflowType
from swflow.errors import WorkflowFailed
from swflow.testing.environment import Environment

R = TypeVar("R")


def run_here(workflow: WorkflowType[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
    """Run a workflow and everything that it calls, and give its result.

    Raises:
        Exception: what the workflow's code raised.
        WorkflowError: it did not come to an end by itself.
    """
    with Environment(start=datetime.now(UTC)) as environment:
        try:
            return environment.start(workflow, *args, **kwargs).result()
        except WorkflowFailed as failed:
            error = failed.__cause__ or failed
    raise error
