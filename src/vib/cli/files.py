"""Handing files in."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from vib.cli.values import amount, folder, port


def add_to(commands: Any) -> None:
    """Add the commands."""
    run = commands.add_parser("run", help="process a video with everything on this machine")
    run.add_argument("video", nargs="?", type=Path, help="default: a sample that is made here")
    run.add_argument("--again", action="store_true", help="also if it was processed before")
    run.add_argument("--skip-faces", action="store_true", help="do not look for people")
    run.add_argument("--folder", type=folder, default=Path("var"), help="default: var")
    run.set_defaults(command=_run)

    serve = commands.add_parser(
        "serve", help="take files in over HTTP with everything on this machine, until Ctrl-C"
    )
    serve.add_argument("--port", type=port, default=8060, help="default: 8060; 0: a free one")
    serve.add_argument(
        "--notify", metavar="URL", help="your web application, which is to hear of videos"
    )
    serve.add_argument("--folder", type=folder, default=Path("var"), help="default: var")
    serve.set_defaults(command=_serve)

    process = commands.add_parser("process", help="hand a file in to the pipeline that is set up")
    process.add_argument("file", type=Path)
    process.add_argument("--user", required=True, metavar="USER", help="whose: an e-mail or id")
    process.add_argument("--again", action="store_true", help="also if it was processed before")
    _add_wishes(process)
    process.set_defaults(command=_process)

    token = commands.add_parser("token", help="print a token that lets somebody hand files in")
    token.add_argument("--user", required=True, metavar="USER", help="who: an e-mail or id")
    use = token.add_mutually_exclusive_group()
    use.add_argument("--process", action="store_true", help="for POST /process, not for uploads")
    use.add_argument("--facebook", action="store_true", help="for /facebook, not for uploads")
    token.add_argument("--minutes", type=amount, default=60, help="how long it counts; default: 60")
    _add_wishes(token)
    token.set_defaults(command=_token)


def _add_wishes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--skip-faces", action="store_true", help="do not look for people")
    parser.add_argument("--album", type=UUID, metavar="ID", help="the album that it is meant for")
    parser.add_argument("--media", type=UUID, metavar="ID", help="the id of the video if it is new")


def _run(arguments: argparse.Namespace) -> int:
    from vib.local.run import run

    return run(
        arguments.video,
        folder=arguments.folder,
        again=arguments.again,
        skip_faces=arguments.skip_faces,
    )


def _serve(arguments: argparse.Namespace) -> int:
    from vib.local.serve import serve

    return serve(arguments.folder, port=arguments.port, notify_url=arguments.notify)


def _process(arguments: argparse.Namespace) -> int:
    from vib.db.people import user_id_of
    from vib.popeye.ingest import Wishes, ingest
    from vib.services import services

    context = services()
    with context.sessions() as session:
        user_id = user_id_of(session, arguments.user)
    wishes = Wishes(arguments.skip_faces, arguments.album, arguments.media)
    ingested = ingest(context, arguments.file, user_id, wishes, again=arguments.again)
    print(ingested.media_id, ingested.receipt)  # noqa: T201 - what the command is for
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from vib.db.people import user_id_of
    from vib.popeye.http.tokens import Audience, issue
    from vib.popeye.ingest import Wishes
    from vib.services import services

    context = services()
    with context.sessions() as session:
        user_id = user_id_of(session, arguments.user)
    audience = Audience.UPLOAD
    if arguments.process:
        audience = Audience.PROCESS
    elif arguments.facebook:
        audience = Audience.FACEBOOK
    token = issue(
        context.upload_secret,
        user_id,
        audience,
        timedelta(minutes=arguments.minutes),
        Wishes(arguments.skip_faces, arguments.album, arguments.media),
    )
    print(token)  # noqa: T201 - what the command is for
    return 0
