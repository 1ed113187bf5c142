"""Starting an execution of a type that a domain knows."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from swflow.endpoint.connection import Connection
from swflow.endpoint.retrying import code
from swflow.errors import SwflowError, WorkflowAlreadyRunning


def start_execution(
    connection: Connection, workflow_id: str, given: str, parameters: Mapping[str, Any]
) -> str:
    """Start an execution; gives its run id.

    Args:
        connection: the domain.
        workflow_id: whom it is about.
        given: its input.
        parameters: of StartWorkflowExecution: its type, and what else there is to say.

    Raises:
        SerializationError: the input is too long, and there is no payload store.
        PayloadError: the input could not be stored.
        WorkflowAlreadyRunning: an execution of that id is open.
        SwflowError: the domain or the type does not exist.
    """
    kind = parameters["workflowType"]
    try:
        started = connection.transport.call(
            "StartWorkflowExecution",
            {
                "domain": connection.domain,
                "workflowId": workflow_id,
                "input": connection.sealer.seal(given, f"the input of {kind['name']}"),
                **parameters,
            },
        )
    except ClientError as error:
        match code(error):
            case "WorkflowExecutionAlreadyStartedFault":
                raise WorkflowAlreadyRunning(
                    f"an execution with the id {workflow_id!r} is open in {connection}"
                ) from error
            case "UnknownResourceFault":
                raise SwflowError(
                    f"{kind['name']} {kind['version']} cannot be started in {connection}: "
                    f"{error.response['Error']['Message']}; register the domain and the type"
                ) from error
            case _:
                raise
    return str(started["runId"])
