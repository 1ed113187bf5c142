from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from harness.pipeline import Pipeline
from vib.db.models import User
from vib.local.processes import Processes
from vib.local.receiver import Receiver
from vib.local.sample import make_sample
from vib.registry import TASK_LISTS
from vib.services import Services


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that takes some seconds to process, with two people in it."""
    path = tmp_path_factory.mktemp("video") / "party.mp4"
    make_sample(path, seconds=24)
    return path


@pytest.fixture
def pipeline(tmp_path: Path, context: Services, web: Receiver) -> Iterator[Pipeline]:
    """The pipeline on real SWF and PostgreSQL, all its processes running."""
    with Processes(tmp_path / "logs") as processes:
        with context.sessions.begin() as session:
            session.execute(insert(User).values(email="a@example.org"))
            user_id = session.scalars(select(User.id)).one()
        pipeline = Pipeline(context, web, processes, user_id)
        for name in ("decider", *TASK_LISTS):
            pipeline.start(name)
        yield pipeline
