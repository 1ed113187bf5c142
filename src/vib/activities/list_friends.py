from datetime import timedelta

import swflow
from swflow import Retry, activity
from vib import __version__
from vib.activities.step import step
from vib.messages import FacebookJob, FriendList
from vib.services import services


@activity(
    "ListFriends",
    version=__version__,
    task_list="facebook",
    start_to_close=timedelta(hours=1),
    schedule_to_close=timedelta(hours=8),
    heartbeat_timeout=timedelta(minutes=5),
    retry=Retry(failures=9, timeouts=(1, 1), backoff=timedelta(seconds=30)),
)
def list_friends(job: FacebookJob) -> FriendList:
    """Make contacts of a user's friends, bare ones; not if there are contacts from Facebook."""
    from sqlalchemy import func, select

    from vib.db.models import Contact, LinkStatus
    from vib.facebook import friends, links
    from vib.facebook.names import PROVIDER

    context = services()
    with step("ListFriends", job):
        with context.sessions.begin() as session:
            link = links.begin(session, job.user_id)
            is_new = link is not None
            todo = link is not None and link.status == LinkStatus.LISTING
            facebook_id, sealed = (link.provider_id, link.sealed_token) if link else ("", None)
        if todo:
            token = context.token_seal.open(sealed or "")
            for page in context.graph.friends(facebook_id, token):
                swflow.heartbeat()
                with context.sessions.begin() as session:
                    friends.save_friends(session, job.user_id, page)
            with context.sessions.begin() as session:
                links.settle(session, job.user_id, LinkStatus.LISTED)
        with context.sessions() as session:
            count = select(func.count()).select_from(Contact)
            theirs = count.filter_by(user_id=job.user_id, provider=PROVIDER)
            batches = friends.batches(session, job.user_id) if is_new else None
            return FriendList(session.scalars(theirs).one(), batches)
