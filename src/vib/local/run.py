import json
import signal
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from swflow import SwflowError
from vib.db.models import User
from vib.local.machine import Machine, machine, only_user_of
from vib.local.report import report
from vib.local.sample import make_sample
from vib.local.watch import watch
from vib.popeye.ingest import Ingested, Receipt, Wishes, ingest
from vib.services import Services
from vib.video.confined import probe

OWNER = "you@localhost"
INTERRUPTED = 130
"""The exit status that a shell gives a program ended by Ctrl-C."""


def run(video: Path | None, *, folder: Path, again: bool = False, skip_faces: bool = False) -> int:
    """Process one video with every part of the pipeline on this machine, and show what came out.

    Databases, results and logs are kept in `folder`; everything that is started is stopped. What a
    Ctrl-C interrupts goes on where it was when the same command is given again.

    Returns:
        The exit status: 0, or 1 where the video failed, or 130 after Ctrl-C.

    Raises:
        VibError: the video cannot be processed, or another run is using the folder.
    """
    console = Console(markup=False)  # a file may be called [what it likes]
    folder = folder.resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with only_user_of(folder):
            if video is None:
                video = _sample(folder, console)
            probe(video)  # a file that cannot be processed is refused before anything is started
            with ExitStack() as stack:
                with console.status("Starting PostgreSQL and localswf ..."):
                    here = stack.enter_context(machine(folder))
                media_id = _process(here, video, console, again=again, skip_faces=skip_faces)
                return report(here.context, media_id, folder, console)
    except KeyboardInterrupt:
        console.print("\nStopped. The same command goes on from here.")
        return INTERRUPTED


def _sample(folder: Path, console: Console) -> Path:
    path = folder / "sample.mp4"
    if not path.exists():
        with console.status("Making a sample video ..."):
            make_sample(path)
    return path


def _process(
    here: Machine, video: Path, console: Console, *, again: bool, skip_faces: bool
) -> UUID:
    """Hand the video in and wait until it is processed, unless it already is; its id."""
    user_id = owner_of(here.context)
    ingested = ingest(here.context, video, user_id, Wishes(skip_faces=skip_faces), again=again)
    if _is_settled(here, ingested):
        console.print(f"You already have this file, {video.name}; nothing was done twice.")
        console.print("To process it once more: make run AGAIN=1, or vib run --again.\n")
        return ingested.media_id
    here.start_workers()
    execution = here.context.swf.execution(str(ingested.media_id))
    watch(here, ingested.media_id, execution, console)
    while not here.web.messages.empty():
        console.print(f"The web application heard: {json.dumps(here.web.messages.get())}\n")
    return ingested.media_id


def _is_settled(here: Machine, ingested: Ingested) -> bool:
    """Whether nothing is left to do; a video can be watched before its people are known."""
    if ingested.receipt is not Receipt.ALREADY_THERE:
        return False
    try:
        return not here.context.swf.execution(str(ingested.media_id)).is_open()
    except SwflowError:  # closed so long ago that SWF has forgotten it
        return True


def owner_of(context: Services) -> UUID:
    """The id of the one user of this machine."""
    with context.sessions.begin() as session:
        session.execute(insert(User).values(email=OWNER).on_conflict_do_nothing())
        return session.scalars(select(User.id).filter_by(email=OWNER)).one()
