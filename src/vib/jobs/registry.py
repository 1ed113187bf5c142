from vib.jobs import fail_orphan_workflows, orphan_faces, sync

JOBS = {job.name: job for job in (fail_orphan_workflows.JOB, orphan_faces.JOB, sync.JOB)}
"""Every job by its name."""
