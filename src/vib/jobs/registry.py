from vib.jobs import fail_orphan_workflows, sync

JOBS = {job.name: job for job in (fail_orphan_workflows.JOB, sync.JOB)}
"""Every job by its name."""
