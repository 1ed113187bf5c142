"""The command `vib` with little patience, so that a test need not wait for what a kill costs.

Where the pipeline takes minutes for a silent worker, a waiting upload or a decider that does not
answer, this takes seconds; and what fails is tried again as often as it may be killed.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from swflow import Retry
from vib.__main__ import main
from vib.facebook import consumer
from vib.jobs import fail_orphan_workflows, orphan_faces, sync
from vib.jobs.registry import JOBS
from vib.registry import ACTIVITIES, WORKFLOWS

SILENCE = timedelta(seconds=6)
OFTEN = 100


def hurry() -> None:
    """Make this process's pipeline impatient."""
    patient = Retry(
        failures=OFTEN,
        timeouts=(1,) * OFTEN,
        backoff=timedelta(seconds=0.5),
        max_backoff=timedelta(seconds=2),
    )
    for activity in ACTIVITIES:
        changes = {"heartbeat_timeout": SILENCE, "retry": patient}
        if activity.heartbeat_timeout is None:
            changes = {"start_to_close": 2 * SILENCE, "retry": patient}
        for name, value in changes.items():
            object.__setattr__(activity, name, value)  # the objects are what the workflows call
    for workflow in WORKFLOWS:
        object.__setattr__(workflow, "decision_timeout", SILENCE)
    for job in (sync, fail_orphan_workflows):
        JOBS[job.JOB.name] = replace(job.JOB, find=partial(job.find, patience=SILENCE))
    orphan_faces.AGE = SILENCE
    consumer._FIRST_WAIT = consumer._LONGEST_WAIT = 1


if __name__ == "__main__":
    hurry()
    main()
