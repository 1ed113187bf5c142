import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vib.contacts.items import Item
from vib.db.models import Question, QuestionKind
from vib.errors import VibError
from vib.mturk.forms import question_form
from vib.storage.interface import Storage

if TYPE_CHECKING:
    from types_boto3_mturk import MTurkClient
    from types_boto3_mturk.literals import AssignmentStatusType
    from types_boto3_mturk.type_defs import AssignmentTypeDef, HITTypeDef, PaginatorConfigTypeDef

SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
PRODUCTION = "https://mturk-requester.us-east-1.amazonaws.com"
MOST_ASSIGNMENTS = 9
"""To so many a HIT can be extended that was made for fewer than ten."""
MOST_TOLD = 100
"""Workers whom one call of NotifyWorkers tells."""

_REGION = "us-east-1"  # it is in no other
_TO_ANSWER_IN = timedelta(hours=1)
_PAID_BY_ITSELF_AFTER = timedelta(days=3)
_PAGES: "PaginatorConfigTypeDef" = {"PageSize": 100}
_LEAST_LIFETIME = 30  # seconds
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 8}, read_timeout=60)

_WORKERS_PAGES = {
    SANDBOX: "https://workersandbox.mturk.com/",
    PRODUCTION: "https://worker.mturk.com/",
}
_TITLES = {
    QuestionKind.MERGE: "Which pictures show the same person?",
    QuestionKind.RECOGNIZE: "Which of these people is this?",
}
_INTRODUCTIONS = {
    QuestionKind.MERGE: "These faces are from one home video. Please say of each picture whether "
    "it shows the same person as a picture above it.",
    QuestionKind.RECOGNIZE: "Please choose the person who is in the large picture. The computer "
    "takes the first for the likeliest, and is not sure.",
}


@dataclass(frozen=True)
class Hit:
    """A HIT of this pipeline.

    Attributes:
        hit_id: Mechanical Turk's id.
        question_id: what it asks; the question may be gone.
        status: Assignable, Unassignable, Reviewable, Reviewing or Disposed.
        assignments: how many workers may answer in all.
        available: how many may still begin.
        expires_at: when nobody may begin any more.
    """

    hit_id: str
    question_id: UUID
    status: str
    assignments: int
    available: int
    expires_at: datetime


class MechanicalTurk:
    """Asks Amazon Mechanical Turk.

    Credentials are boto3's, of an account that is linked to a requester account. What they need is
    mechanicalturk:GetAccountBalance, CreateHIT, ListHITs, ListAssignmentsForHIT, ApproveAssignment,
    RejectAssignment, CreateAdditionalAssignmentsForHIT, UpdateExpirationForHIT, DeleteHIT and
    NotifyWorkers, and s3:GetObject on the pictures, for as long as a HIT lives.
    """

    def __init__(
        self, storage: Storage, environment: str, reward: Decimal, *, endpoint_url: str
    ) -> None:
        """Say where; nothing is asked for yet.

        Args:
            storage: where the faces' pictures are.
            environment: tells the HITs of one environment from all others of the account.
            reward: US dollars for an answer.
            endpoint_url: SANDBOX, PRODUCTION or what takes their place.
        """
        self._storage = storage
        self._mark = f"vib {environment} "
        self._reward = reward
        self._endpoint_url = endpoint_url
        # A boto3 client must not cross a fork: its sockets would be shared.
        self._clients: dict[int, MTurkClient] = {}

    @property
    def workers_page(self) -> str:
        """Where workers find what there is to do."""
        return _WORKERS_PAGES.get(self._endpoint_url, _WORKERS_PAGES[SANDBOX])

    def check(self) -> None:
        """Make sure that it can be used.

        Raises:
            VibError: it cannot; the sentence says why.
        """
        try:
            self._client.get_account_balance()
        except (BotoCoreError, ClientError) as error:
            raise VibError(f"Mechanical Turk cannot be used: {error}.") from error

    def ask(self, question: Question, items: Sequence[Item]) -> str:
        """Make a question's HIT unless there is one; its id.

        Mechanical Turk makes one for a request token, for 24 hours. A question that is asked anew,
        because its video was processed anew, has another token.
        """
        kind = QuestionKind(question.kind)
        lifetime = question.closes_at - datetime.now(UTC)
        lives = lifetime + _TO_ANSWER_IN  # who begins in the last minute sees the pictures as well
        form = question_form(_INTRODUCTIONS[kind], items, lambda key: self._storage.url(key, lives))
        try:
            answer = self._client.create_hit(
                Title=_TITLES[kind],
                Description="Look at pictures of faces and choose an answer for each.",
                Keywords="faces, pictures, people, easy",
                Question=form,
                Reward=str(self._reward),
                MaxAssignments=question.wanted,
                LifetimeInSeconds=max(round(lifetime.total_seconds()), _LEAST_LIFETIME),
                AssignmentDurationInSeconds=round(_TO_ANSWER_IN.total_seconds()),
                AutoApprovalDelayInSeconds=round(_PAID_BY_ITSELF_AFTER.total_seconds()),
                RequesterAnnotation=f"{self._mark}{question.id}",
                UniqueRequestToken=_token(question),
            )
        except ClientError:
            # An earlier try may have made it, and not have heard of it.
            for hit in self.hits():
                if hit.question_id == question.id:
                    return hit.hit_id
            raise
        return answer["HIT"]["HITId"]

    def hits(self) -> Iterator[Hit]:
        """Every HIT of this environment that is not deleted."""
        for page in self._client.get_paginator("list_hits").paginate(PaginationConfig=_PAGES):
            for each in page["HITs"]:
                if each.get("RequesterAnnotation", "").startswith(self._mark):
                    yield self._hit(each)

    def assignments(self, hit_id: str, status: "AssignmentStatusType") -> "list[AssignmentTypeDef]":
        """The assignments of a HIT that are Submitted, Approved or Rejected."""
        pages = self._client.get_paginator("list_assignments_for_hit").paginate(
            HITId=hit_id, AssignmentStatuses=[status], PaginationConfig=_PAGES
        )
        return [each for page in pages for each in page["Assignments"]]

    def approve(self, assignment_id: str) -> None:
        """Pay for an answer."""
        self._client.approve_assignment(AssignmentId=assignment_id)

    def reject(self, assignment_id: str, reason: str) -> None:
        """Do not pay for an answer; its worker reads the reason."""
        self._client.reject_assignment(AssignmentId=assignment_id, RequesterFeedback=reason)

    def extend(self, hit: Hit, assignments: int) -> None:
        """Have so many workers answer in all."""
        self._client.create_additional_assignments_for_hit(
            HITId=hit.hit_id,
            NumberOfAdditionalAssignments=assignments - hit.assignments,
            UniqueRequestToken=f"{hit.hit_id}-{assignments}",
        )

    def expire(self, hit: Hit) -> None:
        """Have nobody begin on a HIT any more."""
        self._client.update_expiration_for_hit(HITId=hit.hit_id, ExpireAt=datetime.now(UTC))

    def delete(self, hit: Hit) -> None:
        """Remove a HIT all of whose answers are approved or rejected."""
        self._client.delete_hit(HITId=hit.hit_id)

    def tell(self, workers: Sequence[str], subject: str, text: str) -> dict[str, tuple[str, str]]:
        """E-mail at most MOST_TOLD workers.

        Returns:
            By worker whom it did not reach: SoftFailure or HardFailure, and why.
        """
        answer = self._client.notify_workers(
            Subject=subject, MessageText=text, WorkerIds=list(workers)
        )
        return {
            each["WorkerId"]: (
                each["NotifyWorkersFailureCode"],
                each["NotifyWorkersFailureMessage"],
            )
            for each in answer["NotifyWorkersFailureStatuses"]
        }

    def _hit(self, hit: "HITTypeDef") -> Hit:
        return Hit(
            hit_id=hit["HITId"],
            question_id=UUID(hit["RequesterAnnotation"].removeprefix(self._mark)),
            status=hit["HITStatus"],
            assignments=hit["MaxAssignments"],
            available=hit["NumberOfAssignmentsAvailable"],
            expires_at=hit["Expiration"],
        )

    @property
    def _client(self) -> "MTurkClient":
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = boto3.Session().client(
                "mturk", endpoint_url=self._endpoint_url, region_name=_REGION, config=_PATIENT
            )
        return self._clients[process]


def _token(question: Question) -> str:
    """The request token, of at most 64 characters."""
    person = f"-{question.track_id}" if question.kind == QuestionKind.RECOGNIZE else ""
    return f"{question.kind}{person}-{question.media_id}-{question.id.hex[:8]}"
