"""The queue of requests to link and unlink users, and the one of bad messages, in Amazon SQS."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import boto3

from harness.graph import TOKEN, USER

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

REGION = "us-east-1"


@dataclass(frozen=True)
class Queues:
    """Both queues, and the client of both; one that is `in_order` keeps a user's messages so."""

    endpoint_url: str
    sqs: "SQSClient"
    url: str
    dead_url: str
    in_order: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """An environment whose requests come from there."""
        return {
            "VIB_FACEBOOK_QUEUE_URL": self.url,
            "VIB_FACEBOOK_DEAD_LETTER_QUEUE_URL": self.dead_url,
            "VIB_SQS_ENDPOINT_URL": self.endpoint_url,
            "VIB_SQS_REGION": REGION,
        }

    def send(self, message: object, group: str = "") -> None:
        body = message if isinstance(message, str) else json.dumps(message, default=str)
        order: Any = {"MessageGroupId": group, "MessageDeduplicationId": uuid4().hex}
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=body, **(order if self.in_order else {})
        )

    def left(self) -> tuple[int, int]:
        """How many messages there are, and how many that somebody has in hand."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        said = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        there, hidden = (int(said["Attributes"][name]) for name in names)
        return there, hidden

    def dead(self) -> list[tuple[str, str]]:
        """The bad messages, each with its reason."""
        answer = self.sqs.receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (message["Body"], message["MessageAttributes"]["Reason"]["StringValue"])
            for message in answer.get("Messages", [])
        ]


def make_queues(endpoint_url: str, *, in_order: bool = False, **attributes: str) -> Queues:
    """Two queues of one's own; the first with these attributes."""
    sqs = boto3.client("sqs", endpoint_url=endpoint_url, region_name=REGION)
    name = uuid4().hex
    if in_order:
        attributes["FifoQueue"] = "true"
    url = sqs.create_queue(
        QueueName=f"{name}.fifo" if in_order else name,
        Attributes=attributes,  # type: ignore[arg-type]
    )["QueueUrl"]
    dead_url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    return Queues(endpoint_url, sqs, url, dead_url, in_order)


def link(user_id: UUID) -> dict[str, Any]:
    """The message that links a user to Facebook."""
    return {
        "user_uuid": user_id,
        "fb_access_token": TOKEN,
        "action": "link",
        "facebook_id": USER,
    }


def unlink(user_id: UUID) -> dict[str, Any]:
    """The message that takes it back."""
    return {"user_uuid": user_id, "action": "unlink"}
