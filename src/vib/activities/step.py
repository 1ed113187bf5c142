from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import swflow
from swflow import Retry
from vib.errors import VibError
from vib.logs import about, timed
from vib.messages import FacebookJob, VideoJob

RECOGNISING = Retry(failures=10, timeouts=(1, 1), backoff=timedelta(seconds=10))
"""How often what people are asked, or have answered, is tried again: for some 15 hours."""


@contextmanager
def step(name: str, job: FacebookJob | VideoJob) -> Iterator[None]:
    """Log one run of an activity.

    Raises:
        swflow.Failure: with `retry` false in place of a VibError, which trying again cannot mend.
    """
    media_id = job.media_id if isinstance(job, VideoJob) else None
    with about(user_uuid=job.user_id, media_uuid=media_id), timed(name):
        try:
            yield
        except VibError as error:
            raise swflow.Failure(str(error), retry=False) from error
