from datetime import timedelta

from swflow import workflow
from vib import __version__
from vib.activities.remove_friends import remove_friends
from vib.messages import FacebookJob, FriendsOutcome


@workflow(
    "RemoveContacts",
    version=__version__,
    task_list="decider",
    execution_timeout=timedelta(hours=12),
)
async def remove_contacts(job: FacebookJob) -> FriendsOutcome:
    """Unlink a user from Facebook: what linking made is removed."""
    return await remove_friends(job)
