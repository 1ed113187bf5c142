"""Looking at what there is, and doing it again."""

import argparse
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vib.cli.values import amount
from vib.errors import VibError

if TYPE_CHECKING:
    from vib.messages import FacebookJob, UploadJob, VideoJob
    from vib.services import Services


def add_to(commands: Any) -> None:
    """Add the commands."""
    show = commands.add_parser("show", help="tell what is known of a video")
    show.add_argument("media", type=UUID, metavar="MEDIA", help="its id")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(command=_show)

    people = commands.add_parser("people", help="tell whom a user's contacts are")
    people.add_argument("user", metavar="USER", help="an e-mail or id")
    people.add_argument("--json", action="store_true", help="for programs")
    people.set_defaults(command=_people)

    answer = commands.add_parser(
        "answer",
        help="say what people are asked about a video",
        description="Without answers, tell what is asked about a video, with its pictures; with "
        "them, answer a question in place of all who were asked.",
    )
    answer.add_argument("id", type=UUID, metavar="ID", help="the video's, or the question's")
    answer.add_argument(
        "answers", nargs="*", metavar="PICTURE=CHOICE", help="one for each picture: 1=new 3=1"
    )
    answer.set_defaults(command=_answer)

    retry = commands.add_parser("retry", help="process a video again")
    retry.add_argument("media", type=UUID, metavar="MEDIA", help="its id")
    retry.add_argument(
        "--from-start", action="store_true", help="all of it, not from what failed on"
    )
    retry.set_defaults(command=_retry)

    inject = commands.add_parser(
        "inject", help="have a worker run one activity, without a workflow, and wait for it"
    )
    inject.add_argument("activity", metavar="ACTIVITY", help="its name, such as Transcode")
    inject.add_argument(
        "id", type=UUID, metavar="ID", help="of the video, upload or user that it is for"
    )
    inject.add_argument(
        "arguments", nargs="*", type=json.loads, metavar="JSON", help="further arguments"
    )
    inject.add_argument(
        "--timeout", type=amount, default=3_600, metavar="SECONDS", help="default: 3600"
    )
    inject.set_defaults(command=_inject)

    forget = commands.add_parser(
        "forget", help="remove a video, a contact or a user for good, files and all"
    )
    forget.add_argument("what", choices=("video", "contact", "user"))
    forget.add_argument("id", type=UUID, metavar="ID")
    forget.set_defaults(command=_forget)


def _show(arguments: argparse.Namespace) -> int:
    from vib.cli.showing import show_video
    from vib.services import services

    return show_video(services(), arguments.media, as_json=arguments.json)


def _people(arguments: argparse.Namespace) -> int:
    from vib.cli.showing import show_people
    from vib.services import services

    return show_people(services(), arguments.user, as_json=arguments.json)


def _answer(arguments: argparse.Namespace) -> int:
    from vib.cli.showing import show_questions
    from vib.contacts.answering import answer_by_hand
    from vib.services import services

    if not arguments.answers:
        return show_questions(services(), arguments.id)
    choices = {}
    for each in arguments.answers:
        name, equals, choice = each.partition("=")
        if not equals or name in choices:
            raise VibError(f"{each!r} is no answer: give one of the form 3=new for each picture.")
        choices[name] = choice
    answer_by_hand(services(), arguments.id, choices)
    return 0


def _retry(arguments: argparse.Namespace) -> int:
    from vib.popeye.retry import retry
    from vib.services import services

    done = retry(services(), arguments.media, from_start=arguments.from_start)
    print(arguments.media, done)  # noqa: T201 - what the command is for
    return 0


def _inject(arguments: argparse.Namespace) -> int:
    import swflow
    from vib.registry import ACTIVITIES
    from vib.services import services

    context = services()
    activities = {each.name: each for each in ACTIVITIES}
    activity = activities.get(arguments.activity)
    if activity is None:
        names = ", ".join(activities)
        raise VibError(f"There is no activity {arguments.activity!r}; there are {names}.")
    job = _job(context, arguments.id)
    given = activity.encode_input([job, *arguments.arguments], {})
    timeout = timedelta(seconds=arguments.timeout)
    execution = swflow.inject(context.swf, activity, given, timeout=timeout)
    print(json.dumps(execution.result()))  # noqa: T201 - what the command is for
    return 0


def _job(context: "Services", identity: UUID) -> "VideoJob | UploadJob | FacebookJob":
    """What an activity is told of a video, of an upload, or of a user."""
    from vib.db.models import Media, MediaType, Upload, User
    from vib.messages import FacebookJob, UploadJob
    from vib.popeye.ingest import job_of

    with context.sessions() as session:
        media = session.get(Media, identity)
        upload = session.get(Upload, identity)
        user = session.get(User, identity)
    if media is not None and media.media_type == MediaType.ORIGINAL:
        return job_of(media)
    if upload is not None:
        return UploadJob(upload.id, upload.user_id)
    if user is not None:
        return FacebookJob(user.id)
    raise VibError(f"There is no video, no upload and no user {identity}.")


def _forget(arguments: argparse.Namespace) -> int:
    from vib import forget
    from vib.db.models import Contact, Media, User
    from vib.services import services

    context = services()
    kinds = {
        "video": (Media, forget.forget_media),
        "contact": (Contact, forget.forget_contact),
        "user": (User, forget.forget_user),
    }
    kind, forget_it = kinds[arguments.what]
    with context.sessions() as session:
        if session.get(kind, arguments.id) is None:  # the row goes last, so all of it is gone
            raise VibError(f"There is no {arguments.what} {arguments.id}.")
    forget_it(context, arguments.id)
    return 0
