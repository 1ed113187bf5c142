"""What the programs of this example share: names, and a client of SWF."""

from typing import Any

import boto3
from botocore.config import Config

DOMAIN = "boto_tutorial"
WORKFLOW = "HelloWorkflow"
ACTIVITY = "HelloWorld"
VERSION = "1.0"
TASK_LIST = "default"
WORKFLOW_ID = "hello"


def client() -> Any:
    """A client of Amazon SWF, or of what AWS_ENDPOINT_URL_SWF names."""
    # A poll is held for a minute; boto3 would give up just then.
    return boto3.client("swf", config=Config(read_timeout=70))
