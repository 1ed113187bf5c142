from vib.jobs import collect_mturk, fail_orphan_workflows, notify_mturk, orphan_faces, sync
from vib.jobs.job import Job

_ALL: tuple[Job, ...] = (
    collect_mturk.JOB,
    fail_orphan_workflows.JOB,
    notify_mturk.JOB,
    orphan_faces.JOB,
    sync.JOB,
)
JOBS = {job.name: job for job in _ALL}
"""Every job by its name."""
