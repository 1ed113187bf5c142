from collections.abc import Iterator
from contextlib import contextmanager

import swflow
from vib.errors import VibError
from vib.logs import about, timed
from vib.messages import FacebookJob


@contextmanager
def step(name: str, job: FacebookJob) -> Iterator[None]:
    """Log one run of an activity about a user's friends.

    Raises:
        swflow.Failure: with `retry` false in place of a VibError, which trying again cannot mend.
    """
    with about(user_uuid=job.user_id), timed(name):
        try:
            yield
        except VibError as error:
            raise swflow.Failure(str(error), retry=False) from error
