from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from harness.aws import aws
from harness.aws_json import served
from harness.mturk import MTurk, asking
from harness.pipeline import Pipeline, wait_until
from harness.tracks import results
from swflow import Execution
from vib.contacts.questions import workflow_id
from vib.db.models import Contact, Feature
from vib.jobs.collect_mturk import JOB
from vib.jobs.run import run
from vib.messages import VideoJob
from vib.popeye.ingest import ingest
from vib.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture
def mturk() -> MTurk:
    return MTurk()


@pytest.fixture
def context(
    context: Services,  # noqa: ARG001 - its environment, with changes
    mturk: MTurk,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """The services of a fleet: files in Amazon S3, questions at Mechanical Turk."""
    with aws() as s3_url, served(mturk) as mturk_url:
        yield asking(mturk_url, s3_url, monkeypatch)


def make_doubtful(context: Services) -> None:
    """Have all known faces look so far from what they look like that the machine is not sure."""
    with context.sessions.begin() as session:
        for face in session.scalars(select(Feature).where(Feature.contact_id.is_not(None))):
            away = np.zeros(128, np.float32)
            away[0] = 0.55
            face.embedding = np.asarray(face.embedding) + away


def is_at_work(execution: Execution[Any]) -> bool:
    """Whether it waits for an activity, and not for people alone."""
    kinds = Counter(event["eventType"] for event in execution.history())
    return kinds["ActivityTaskScheduled"] > kinds["ActivityTaskCompleted"]


def test_two_people_in_a_video_whom_the_machine_is_not_sure_of_are_named_by_people(
    pipeline: Pipeline, mturk: MTurk, sample_video: Path, tmp_path: Path
) -> None:
    context = pipeline.context
    longer = tmp_path / "longer.mp4"
    longer.write_bytes(sample_video.read_bytes() + b"\0\0\0\x08free")
    first = ingest(context, longer, pipeline.user_id)
    pipeline.wait_until_closed(first.media_id)
    make_doubtful(context)

    second = ingest(context, sample_video, pipeline.user_id)
    pipeline.wait_until_closed(second.media_id)
    wait_until(lambda: len(mturk.hits) == 2)
    asking = context.swf.execution(workflow_id(second.media_id))
    wait_until(lambda: not is_at_work(asking))
    pipeline.kill("recognise")
    pipeline.kill("decider")
    for hit in mturk.hits.values():
        ((item, choices),) = hit.choices.items()
        for worker in ("W1", "W2"):
            mturk.submit(hit, worker, {item: choices[0]})
    assert run(context, JOB).done == {"answers accepted": 4}
    pipeline.start("decider")
    pipeline.start("recognise")

    wait_until(lambda: not asking.is_open())
    assert asking.status() == "COMPLETED"
    found = results(context, VideoJob(second.media_id, pipeline.user_id)).values()
    assert {result for result, _ in found} == {"human_recognized"}
    with context.sessions() as session:
        known = set(session.scalars(select(Contact.id)))
    assert {contact for _, contact in found} == known
    assert len(known) == 2
    wait_until(lambda: pipeline.web.messages.qsize() == 3)
    heard = [pipeline.web.messages.get()["status"] for _ in range(3)]
    assert heard == ["complete", "complete", "people"]
