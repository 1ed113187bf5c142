from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial

from vib.jobs import sync as syncing
from vib.jobs.run import run
from vib.services import Services


def sync(context: Services, patience: timedelta = syncing.PATIENCE) -> Counter[str]:
    """Runs the job; how often what was done."""
    outcome = run(context, replace(syncing.JOB, find=partial(syncing.find, patience=patience)))
    assert outcome.failed == 0
    return outcome.done
