from collections.abc import Iterator

import pytest

from harness.aws_json import served
from harness.mturk import MTurk, settings
from harness.tracks import add_video
from harness.users import add_user
from vib.messages import VideoJob
from vib.services import Services, services


@pytest.fixture
def mturk() -> MTurk:
    return MTurk()


@pytest.fixture
def context(
    shared_context: Services,  # noqa: ARG001 - its environment, with changes
    mturk: MTurk,
    aws_endpoint: str,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """The services of an environment that asks Mechanical Turk, its pictures in Amazon S3."""
    with served(mturk) as endpoint_url:
        for name, value in settings(endpoint_url, aws_endpoint, bucket).items():
            monkeypatch.setenv(name, value)
        services.cache_clear()
        yield services()
        services.cache_clear()


@pytest.fixture
def job(context: Services) -> VideoJob:
    return add_video(context, add_user(context))
