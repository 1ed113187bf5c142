from datetime import timedelta

import swflow
from swflow import Retry, activity
from vib import __version__
from vib.activities.step import step
from vib.messages import FacebookJob, FriendBatch
from vib.services import services


@activity(
    "AddFaces",
    version=__version__,
    task_list="facebook",
    start_to_close=timedelta(minutes=30),
    schedule_to_close=timedelta(hours=8),
    heartbeat_timeout=timedelta(seconds=30),
    retry=Retry(failures=4, timeouts=(1, 2), backoff=timedelta(seconds=30)),
)
def add_faces(job: FacebookJob, batch: FriendBatch) -> int:
    """Give some of a user's friends the faces that their pictures show; how many have one."""
    from vib.facebook import faces
    from vib.facebook.friends import friends_in

    context = services()
    with step("AddFaces", job), swflow.beating():
        with context.sessions() as session:
            friends = friends_in(session, job.user_id, batch)
        return faces.add_faces(context, friends)
