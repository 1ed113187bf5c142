from datetime import timedelta

from swflow import Retry, activity
from vib import __version__
from vib.activities.step import step
from vib.db.models import LinkStatus
from vib.messages import FacebookJob
from vib.services import services


@activity(
    "FinishLink",
    version=__version__,
    task_list="facebook",
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(hours=2),
    retry=Retry(failures=9, timeouts=(1, 2), backoff=timedelta(seconds=5)),
)
def finish_link(job: FacebookJob, failure: str | None) -> None:
    """Write that a user is linked, or why not, for people to read; the token is forgotten."""
    from vib.facebook import links

    status = LinkStatus.FAILED if failure else LinkStatus.LINKED
    context = services()
    with step("FinishLink", job), context.sessions.begin() as session:
        links.settle(session, job.user_id, status, failure)
