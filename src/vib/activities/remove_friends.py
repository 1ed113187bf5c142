from datetime import timedelta

import swflow
from swflow import Retry, activity
from vib import __version__
from vib.activities.step import step
from vib.messages import FacebookJob, FriendsOutcome
from vib.services import services


@activity(
    "RemoveFriends",
    version=__version__,
    task_list="facebook",
    start_to_close=timedelta(hours=2),
    schedule_to_close=timedelta(hours=8),
    heartbeat_timeout=timedelta(minutes=1),
    retry=Retry(failures=9, timeouts=(1, 2), backoff=timedelta(seconds=5)),
)
def remove_friends(job: FacebookJob) -> FriendsOutcome:
    """Remove the contacts that linking made, but for those who are in the user's videos."""
    from vib.facebook import removal

    with step("RemoveFriends", job), swflow.beating():
        removed = removal.remove_friends(services(), job.user_id)
    return FriendsOutcome("unlinked", removed.contacts, removed.kept)
