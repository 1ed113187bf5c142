from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from harness.pipeline import Pipeline
from harness.swf_server import SwfServer
from vib.db.models import Asset, MediaStatus
from vib.db.people import people_in
from vib.popeye.ingest import ingest

pytestmark = pytest.mark.slow


def events_of(pipeline: Pipeline, media_id: UUID) -> Counter[str]:
    history = pipeline.context.swf.execution(str(media_id)).history()
    return Counter(event["eventType"] for event in history)


def assert_complete_once(pipeline: Pipeline, media_id: UUID) -> None:
    """The video is complete, its two people are known, every file is there once."""
    assert pipeline.media(media_id).status == MediaStatus.COMPLETE
    with pipeline.context.sessions() as session:
        assert len(people_in(session, media_id)) == 2
        keys = session.scalars(select(Asset.key).filter_by(media_id=media_id)).all()
    assert len(keys) == len(set(keys))
    assert all(pipeline.context.storage.exists(key) for key in keys)
    events = events_of(pipeline, media_id)
    assert events["ActivityTaskCompleted"] == 4
    assert events["WorkflowExecutionCompleted"] == 1
    assert pipeline.web.messages.get(timeout=5)["mid"] == str(media_id)
    assert pipeline.web.messages.empty()


def test_a_video_completes_though_its_worker_is_killed_in_the_middle(
    pipeline: Pipeline, video: Path
) -> None:
    ingested = ingest(pipeline.context, video, pipeline.user_id)
    pipeline.wait_for_stage(ingested.media_id, "Transcode")

    pipeline.kill("transcode")
    pipeline.start("transcode")
    pipeline.wait_until_closed(ingested.media_id)

    assert_complete_once(pipeline, ingested.media_id)
    stage = pipeline.stage(ingested.media_id, "Transcode")
    assert stage is not None
    assert stage.attempt == 2
    assert events_of(pipeline, ingested.media_id)["ActivityTaskTimedOut"] == 1


def test_a_video_completes_though_the_swf_server_is_killed_in_the_middle(
    pipeline: Pipeline, swf_server: SwfServer, video: Path
) -> None:
    ingested = ingest(pipeline.context, video, pipeline.user_id)
    pipeline.wait_for_stage(ingested.media_id, "Transcode")

    swf_server.kill()
    swf_server.restart()
    pipeline.wait_until_closed(ingested.media_id)

    assert_complete_once(pipeline, ingested.media_id)
    assert events_of(pipeline, ingested.media_id)["ActivityTaskTimedOut"] == 0


def test_a_video_completes_though_the_decider_is_killed_in_the_middle(
    pipeline: Pipeline, video: Path
) -> None:
    ingested = ingest(pipeline.context, video, pipeline.user_id)
    pipeline.wait_for_stage(ingested.media_id, "Transcode")

    pipeline.kill("decider")
    pipeline.start("decider")
    pipeline.wait_until_closed(ingested.media_id)

    assert_complete_once(pipeline, ingested.media_id)


def test_somebody_seen_in_one_video_is_recognised_in_the_next(
    pipeline: Pipeline, video: Path, sample_video: Path
) -> None:
    first = ingest(pipeline.context, video, pipeline.user_id)
    pipeline.wait_until_closed(first.media_id)

    second = ingest(pipeline.context, sample_video, pipeline.user_id)
    pipeline.wait_until_closed(second.media_id)

    with pipeline.context.sessions() as session:
        known = {person.contact_id for person in people_in(session, first.media_id)}
        seen_again = people_in(session, second.media_id)
    assert {person.contact_id for person in seen_again} == known
    assert not any(person.is_new for person in seen_again)
