import asyncio
from datetime import timedelta

from swflow import ActivityError, Failure, Outcome, attempt, workflow
from vib import __version__
from vib.activities.add_faces import add_faces
from vib.activities.finish_link import finish_link
from vib.activities.list_friends import list_friends
from vib.messages import FacebookJob, FriendBatch, FriendsOutcome

AT_ONCE = 8  # batches


@workflow(
    "CreateContacts",
    version=__version__,
    task_list="decider",
    execution_timeout=timedelta(hours=12),
)
async def create_contacts(job: FacebookJob) -> FriendsOutcome:
    """From the token of a user to contacts of their friends at Facebook, with the faces they have.

    Friends go in batches: five thousand of them are 125 activities, and some 800 events. A batch
    whose pictures cannot be looked at leaves contacts without faces: that ends the task, not the
    workflow.
    """
    try:
        listed = await list_friends(job)
    except ActivityError as error:
        await finish_link(job, str(error))
        raise Failure(str(error), retry=False) from error
    if listed.batches is None:
        return FriendsOutcome("The user's friends are contacts already.", listed.friends)
    free = asyncio.Semaphore(AT_ONCE)

    async def look_at(batch: FriendBatch) -> Outcome[int]:
        async with free:
            return await attempt(add_faces(job, batch))

    outcomes = await asyncio.gather(*map(look_at, listed.batches))
    await finish_link(job, None)
    return FriendsOutcome(
        "linked",
        listed.friends,
        sum(outcome.value or 0 for outcome in outcomes),
        [str(outcome.error) for outcome in outcomes if outcome.error][:10],
    )
