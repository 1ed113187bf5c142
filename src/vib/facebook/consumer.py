"""Takes requests from a queue of Amazon SQS."""

import logging
import signal
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from prometheus_client import Counter

from vib.facebook.requests import BadRequest, FacebookRequest, OtherActionRunning, Receipt, accept
from vib.logs import about
from vib.services import Services

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

MESSAGES = Counter("vib_facebook_messages", "Messages about Facebook", ("outcome",))

MOST_RECEIVES = 60
"""How often a message may come. With the waits between, that is longer than a workflow lasts."""

_POLL = 20  # seconds, the longest that SQS knows
_FIRST_WAIT, _LONGEST_WAIT = 30, 900  # seconds until a message that cannot be done now comes again
_LONGEST_BODY = 50_000  # characters of a bad message that are kept
_LONGEST_REASON = 500
_log = logging.getLogger(__name__)


class _Stopped(BaseException):
    """The process is to end, and has nothing in hand."""


class Consumer:
    """Starts a workflow for each message, and deletes the message when that is started.

    A message that can never be carried out goes to the dead-letter queue as it came, with the
    attribute `Reason`, and is deleted then. One that has to wait comes again later; so does one
    that a process was killed with, after the queue's visibility timeout. What a message asks for
    may be asked for twice. Messages of one group of a FIFO queue are done in their order.

    Credentials are boto3's; what they need is sqs:ReceiveMessage, sqs:DeleteMessage and
    sqs:ChangeMessageVisibility on the queue, sqs:SendMessage on the dead-letter queue, and
    sqs:GetQueueAttributes on both for `vib check`.
    """

    def __init__(self, context: Services) -> None:
        """Take what it works with; nothing is received yet."""
        self._context = context
        self._sqs = context.sqs
        self._queue_url: str = context.settings.needed("facebook_queue_url")
        self._dead_letter_queue_url: str = context.settings.needed("facebook_dead_letter_queue_url")
        self._stop = Event()
        self._is_idle = False

    def run(self) -> None:
        """Go on until SIGTERM or SIGINT. A message in hand is brought to its end first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stopped)
        wait = 1.0
        try:
            while not self._stop.is_set():
                try:
                    self.poll()
                    wait = 1.0
                except (BotoCoreError, ClientError) as error:
                    _log.error("the queue cannot be asked: %s", error)
                    self._stop.wait(wait)
                    wait = min(2 * wait, 60.0)
        except _Stopped:
            pass

    def poll(self) -> None:
        """Wait for messages, and do what they ask for."""
        waiting: set[str | None] = set()
        for message in self._receive():
            group = message["Attributes"].get("MessageGroupId")
            if self._stop.is_set() or group in waiting:
                self._come_again(message, 0)
            elif not self._is_done(message) and group is not None:
                waiting.add(group)

    def _receive(self) -> "list[MessageTypeDef]":
        self._is_idle = True
        try:
            if self._stop.is_set():
                return []
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=_POLL,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
            )
        finally:
            self._is_idle = False
        return answer.get("Messages", [])

    def _stopped(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
        if self._is_idle:  # what may have been received this moment becomes visible again
            raise _Stopped

    def _is_done(self, message: "MessageTypeDef") -> bool:
        """Do what a message asks for; whether that is done, and the message deleted."""
        received = int(message["Attributes"]["ApproximateReceiveCount"])
        outcome = self._outcome(message, received)
        MESSAGES.labels(outcome).inc()
        if outcome == "later":
            self._come_again(message, min(_FIRST_WAIT * 2 ** (received - 1), _LONGEST_WAIT))
            return False
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _outcome(self, message: "MessageTypeDef", received: int) -> str:
        """What became of a message: it may be deleted, unless that is `later`."""
        number = message["MessageId"]
        if received > MOST_RECEIVES:
            self._bury(message, f"It came {received} times, and could never be done.")
            return "bad"
        try:
            request = FacebookRequest.read(message["Body"])
            with about(user_uuid=request.user_uuid):
                receipt = accept(self._context, request)
                _log.info("%s %s", request.action, receipt, extra={"message_id": number})
                return "later" if receipt is Receipt.LISTING else receipt
        except BadRequest as error:
            self._bury(message, str(error))
            return "bad"
        except OtherActionRunning as error:
            _log.info("a message has to wait: %s", error, extra={"message_id": number})
            return "later"
        except Exception:  # noqa: BLE001 - whatever is in the way may be gone the next time
            _log.exception("a message cannot be done now", extra={"message_id": number})
            return "later"

    def _come_again(self, message: "MessageTypeDef", seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url,
            ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=seconds,
        )

    def _bury(self, message: "MessageTypeDef", reason: str) -> None:
        _log.warning("a bad message: %s", reason, extra={"message_id": message["MessageId"]})
        self._sqs.send_message(
            QueueUrl=self._dead_letter_queue_url,
            MessageBody=message["Body"][:_LONGEST_BODY],
            MessageAttributes={
                "Reason": {"DataType": "String", "StringValue": reason[:_LONGEST_REASON]}
            },
        )
