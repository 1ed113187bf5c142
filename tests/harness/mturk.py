import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import boto3
import pytest
from defusedxml.ElementTree import fromstring

from harness.aws_json import FaultError, JsonService
from vib.services import Services, services

_MOST_BYTES = 65_535
_PAGE = 2  # small, so that there are pages
QUESTIONS = (
    "{http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2017-11-06/QuestionForm.xsd}"
)
_ANSWERS = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/"
    "QuestionFormAnswers.xsd"
)


def settings(mturk_url: str, s3_url: str, bucket: str) -> dict[str, str]:
    """An environment that asks Mechanical Turk, its pictures in a bucket of Amazon S3."""
    return {
        "VIB_ASK_PEOPLE": "sandbox",
        "VIB_MTURK_ENDPOINT_URL": mturk_url,
        "VIB_STORAGE_FOLDER": "",
        "VIB_STORAGE_BUCKET": bucket,
        "VIB_STORAGE_ENDPOINT_URL": s3_url,
        "VIB_STORAGE_REGION": "us-east-1",
    }


def asking(mturk_url: str, s3_url: str, environment: pytest.MonkeyPatch) -> Services:
    """The services of such an environment, which this process's becomes."""
    boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1").create_bucket(Bucket="videos")
    for name, value in settings(mturk_url, s3_url, "videos").items():
        environment.setenv(name, value)
    environment.setenv("VIB_RENDITIONS", '["240p"]')
    services.cache_clear()
    return services()


@dataclass
class Assignment:
    """A worker's answer."""

    assignment_id: str
    worker_id: str
    answer: str
    status: str = "Submitted"
    feedback: str = ""


@dataclass
class Hit:
    """A HIT as its requester made it."""

    hit_id: str
    request: dict[str, Any]
    most: int
    expires_at: float
    assignments: list[Assignment] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return time.time() >= self.expires_at or len(self.assignments) >= self.most

    @property
    def described(self) -> dict[str, Any]:
        reviewed = [each for each in self.assignments if each.status != "Submitted"]
        left = 0 if self.is_done else self.most - len(self.assignments)
        return {
            "HITId": self.hit_id,
            "HITStatus": "Reviewable" if self.is_done else "Assignable",
            "MaxAssignments": self.most,
            "Expiration": self.expires_at,
            "RequesterAnnotation": self.request.get("RequesterAnnotation", ""),
            "NumberOfAssignmentsPending": 0,
            "NumberOfAssignmentsAvailable": left,
            "NumberOfAssignmentsCompleted": len(reviewed),
        }

    @property
    def pictures(self) -> list[str]:
        """The addresses of the pictures that workers see."""
        form = fromstring(self.request["Question"])
        return [each.text or "" for each in form.iter(f"{QUESTIONS}DataURL")]

    @property
    def choices(self) -> dict[str, list[str]]:
        """What can be chosen, for each item."""
        form = fromstring(self.request["Question"])
        return {
            question.findtext(f"{QUESTIONS}QuestionIdentifier", ""): [
                each.text or "" for each in question.iter(f"{QUESTIONS}SelectionIdentifier")
            ]
            for question in form.iter(f"{QUESTIONS}Question")
        }


class MTurk(JsonService):
    """Amazon Mechanical Turk, as far as a requester sees it.

    Attributes:
        hits: those that are not deleted.
        made: what each that was ever made is about, as its requester says.
        mails: whom each call of NotifyWorkers told.
        unreachable: workers whom no e-mail reaches, and how it fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hits: dict[str, Hit] = {}
        self.made: list[str] = []
        self.mails: list[list[str]] = []
        self.unreachable: dict[str, str] = {}
        self._tokens: set[str] = set()
        self._number = 0

    # What workers do.

    def submit(self, hit: Hit, worker_id: str, choices: Mapping[str, str]) -> Assignment:
        """A worker fills in the form."""
        form = Element("QuestionFormAnswers", xmlns=_ANSWERS)
        for name, choice in choices.items():
            answer = SubElement(form, "Answer")
            SubElement(answer, "QuestionIdentifier").text = name
            SubElement(answer, "SelectionIdentifier").text = choice
        return self.submit_text(hit, worker_id, tostring(form, encoding="unicode"))

    def submit_text(self, hit: Hit, worker_id: str, answer: str) -> Assignment:
        """A worker sends something."""
        assert not hit.is_done
        assert worker_id not in {each.worker_id for each in hit.assignments}
        assignment = Assignment(self._id("A"), worker_id, answer)
        hit.assignments.append(assignment)
        return assignment

    # What requesters do.

    def create_hit(self, request: dict[str, Any]) -> dict[str, Any]:
        token = request["UniqueRequestToken"]
        if token in self._tokens:
            raise FaultError("RequestError", "AWS.MechanicalTurk.HITAlreadyExists")
        if len(request["Question"].encode()) > _MOST_BYTES or len(token) > 64:
            raise FaultError("RequestError", "AWS.MechanicalTurk.ParameterValidationError")
        self._tokens.add(token)
        expires_at = time.time() + request["LifetimeInSeconds"]
        hit = Hit(self._id("H"), request, request["MaxAssignments"], expires_at)
        self.hits[hit.hit_id] = hit
        self.made.append(request["RequesterAnnotation"])
        return {"HIT": hit.described}

    def get_account_balance(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"AvailableBalance": "10000.00"}

    def list_hits(self, request: dict[str, Any]) -> dict[str, Any]:
        return _page("HITs", [hit.described for hit in self.hits.values()], request)

    def list_assignments_for_hit(self, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            {
                "AssignmentId": each.assignment_id,
                "WorkerId": each.worker_id,
                "HITId": request["HITId"],
                "AssignmentStatus": each.status,
                "SubmitTime": time.time(),
                "Answer": each.answer,
            }
            for each in self._hit(request).assignments
            if each.status in request["AssignmentStatuses"]
        ]
        return _page("Assignments", found, request)

    def approve_assignment(self, request: dict[str, Any]) -> dict[str, Any]:
        self._submitted(request).status = "Approved"
        return {}

    def reject_assignment(self, request: dict[str, Any]) -> dict[str, Any]:
        assignment = self._submitted(request)
        assignment.status = "Rejected"
        assignment.feedback = request["RequesterFeedback"]
        return {}

    def create_additional_assignments_for_hit(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["UniqueRequestToken"] in self._tokens:
            raise FaultError("RequestError", "The idempotency token has already been processed.")
        self._tokens.add(request["UniqueRequestToken"])
        hit = self._hit(request)
        if (
            hit.request["MaxAssignments"]
            < 10
            <= hit.most + request["NumberOfAdditionalAssignments"]
        ):
            raise FaultError("RequestError", "AWS.MechanicalTurk.InvalidMaximumAssignmentsIncrease")
        hit.most += request["NumberOfAdditionalAssignments"]
        return {}

    def update_expiration_for_hit(self, request: dict[str, Any]) -> dict[str, Any]:
        self._hit(request).expires_at = request["ExpireAt"]
        return {}

    def delete_hit(self, request: dict[str, Any]) -> dict[str, Any]:
        hit = self._hit(request)
        if not hit.is_done or any(each.status == "Submitted" for each in hit.assignments):
            raise FaultError("RequestError", "AWS.MechanicalTurk.InvalidHITState")
        del self.hits[hit.hit_id]
        return {}

    def notify_workers(self, request: dict[str, Any]) -> dict[str, Any]:
        workers = request["WorkerIds"]
        if len(workers) > 100 or len(request["MessageText"]) > 4_096:
            raise FaultError("RequestError", "AWS.MechanicalTurk.ParameterValidationError")
        self.mails.append(workers)
        failures = [
            {
                "WorkerId": worker,
                "NotifyWorkersFailureCode": self.unreachable[worker],
                "NotifyWorkersFailureMessage": "no e-mail reaches them",
            }
            for worker in workers
            if worker in self.unreachable
        ]
        return {"NotifyWorkersFailureStatuses": failures}

    def _hit(self, request: dict[str, Any]) -> Hit:
        try:
            return self.hits[request["HITId"]]
        except KeyError:
            raise FaultError("RequestError", "AWS.MechanicalTurk.HITDoesNotExist") from None

    def _submitted(self, request: dict[str, Any]) -> Assignment:
        for hit in self.hits.values():
            for each in hit.assignments:
                if each.assignment_id == request["AssignmentId"] and each.status == "Submitted":
                    return each
        raise FaultError("RequestError", "AWS.MechanicalTurk.InvalidAssignmentState")

    def _id(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number:029}"


def _page(name: str, found: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    start = int(request.get("NextToken", 0))
    page = found[start : start + _PAGE]
    more = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(found) else {}
    return {name: page, "NumResults": len(page), **more}
