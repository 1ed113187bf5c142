"""Every workflow and activity of the pipeline, in one place for deciders, workers and set-up."""

from vib.activities.add_faces import add_faces
from vib.activities.ask_again import ask_again
from vib.activities.ask_merge import ask_merge
from vib.activities.ask_names import ask_names
from vib.activities.face_detect import face_detect
from vib.activities.face_recognize import face_recognize
from vib.activities.fail_media import fail_media
from vib.activities.finish_link import finish_link
from vib.activities.list_friends import list_friends
from vib.activities.merge_tracks import merge_tracks
from vib.activities.name_people import name_people
from vib.activities.notify_complete import notify_complete
from vib.activities.notify_people import notify_people
from vib.activities.notify_upload import notify_upload
from vib.activities.remove_friends import remove_friends
from vib.activities.transcode import transcode
from vib.activities.upload import upload
from vib.workflows.ask_people import ask_people
from vib.workflows.create_contacts import create_contacts
from vib.workflows.remove_contacts import remove_contacts
from vib.workflows.upload_video import upload_video
from vib.workflows.video_processing import video_processing

WORKFLOWS = (upload_video, video_processing, ask_people, create_contacts, remove_contacts)
ACTIVITIES = (
    upload,
    transcode,
    face_detect,
    face_recognize,
    notify_complete,
    fail_media,
    notify_upload,
    ask_merge,
    merge_tracks,
    ask_names,
    name_people,
    ask_again,
    notify_people,
    list_friends,
    add_faces,
    finish_link,
    remove_friends,
)
DECIDER_LIST = video_processing.task_list
TASK_LISTS = tuple(dict.fromkeys(activity.task_list for activity in ACTIVITIES))
