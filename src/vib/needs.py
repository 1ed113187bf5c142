"""What the processes of a fleet work with: asked for at their start, tried by `vib check`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

import swflow
from vib.errors import BadVideo, VibError
from vib.registry import ACTIVITIES, WORKFLOWS
from vib.services import Services

Types = Iterable[swflow.ActivityType[..., Any] | swflow.WorkflowType[..., Any]]


def _nothing(_: Services) -> None:
    pass


@dataclass(frozen=True)
class Need:
    """Something that a process works with.

    Attributes:
        configured: raises a VibError where a setting is missing for it; contacts nobody.
        there: raises whatever is in the way of using it, in one sentence.
    """

    configured: Callable[[Services], object] = _nothing
    there: Callable[[Services], None] = _nothing


def demand(context: Services, needs: Iterable[Need]) -> None:
    """Make sure that every setting is there that the needs ask for.

    Raises:
        VibError: some are not, each of which is named.
    """
    if problems := [said for need in needs if (said := _problem(need.configured, context))]:
        raise VibError(" ".join(dict.fromkeys(problems)))


def problems_with(context: Services, needs: Iterable[Need]) -> list[str]:
    """What is in the way of each need, in one sentence; nothing where all can be used."""
    problems = (
        _problem(need.configured, context) or _problem(need.there, context) for need in needs
    )
    return list(dict.fromkeys(problem for problem in problems if problem))


def _problem(attempt: Callable[[Services], object], context: Services) -> str | None:
    try:
        attempt(context)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is in the way
        return (str(error) or type(error).__name__).splitlines()[0]
    return None


def _database(context: Services) -> None:
    from vib.db import migrate

    try:
        missing = migrate.missing(context.engine)
    except SQLAlchemyError as error:
        said = str(error.__cause__ or error).strip().splitlines()[0]
        raise VibError(f"The database cannot be used: {said}.") from error
    if missing:
        raise VibError(f"The database lacks the migrations {', '.join(missing)}: run vib migrate.")


def _storage(context: Services) -> None:
    key = f"checks/{uuid4()}"
    with NamedTemporaryFile(dir=context.scratch_folder) as file:
        context.storage.save(key, Path(file.name))
    context.storage.delete(key)


def _scratch(context: Services) -> None:
    with TemporaryFile(dir=context.scratch_folder):
        pass


def _sandbox(_: Services) -> None:
    from vib.video import confined

    try:
        confined.probe(Path("/dev/null"))
    except BadVideo:  # as it should be said of it
        return


def _people(context: Services) -> None:
    if context.mturk:
        context.mturk.check()


def _networks(_: Services) -> None:
    from vib.faces.detect import Detector
    from vib.faces.embed import Embedder

    Detector()
    Embedder()


def _queues(context: Services) -> tuple[str, str]:
    settings = context.settings
    urls = settings.needed("facebook_queue_url"), settings.needed("facebook_dead_letter_queue_url")
    context.sqs  # noqa: B018 - a region is missed now
    return urls


def _queues_there(context: Services) -> None:
    for url in _queues(context):
        context.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])


def types(wanted: Types) -> Need:
    """Amazon SWF, with these types of this version registered."""
    return Need(lambda context: context.swf, partial(_registered, wanted))


def _registered(wanted: Types, context: Services) -> None:
    domain, *found = context.swf.register(*wanted, retention=timedelta(days=1), dry_run=True)
    if domain.new or domain.deprecated:
        raise VibError(f"SWF has no domain {domain.name!r} that can be used: run vib register.")
    missing = [f"{each.name} {each.version}" for each in found if each.new or each.deprecated]
    if missing:
        raise VibError(
            f"SWF's domain {domain.name!r} lacks {', '.join(missing)}: run vib register."
        )


DATABASE = Need(lambda context: context.engine, _database)
STORAGE = Need(lambda context: context.storage, _storage)
SCRATCH = Need(lambda context: context.scratch_folder, _scratch)
WEB = Need(lambda context: context.web)
TOKENS = Need(lambda context: context.upload_secret)
SANDBOX = Need(there=_sandbox)
NETWORKS = Need(there=_networks)
RECOGNISER = Need(lambda context: context.recogniser)
PEOPLE = Need(lambda context: context.mturk, _people)
MTURK = Need(lambda context: context.needed_mturk, _people)
SEAL = Need(lambda context: context.token_seal)
QUEUES = Need(_queues, _queues_there)

DECIDER = (types(WORKFLOWS),)
POPEYE = (DATABASE, STORAGE, SCRATCH, TOKENS, types(WORKFLOWS))
CREATE_CONTACTS = (DATABASE, SEAL, QUEUES, types(WORKFLOWS))

WORKERS = {
    "upload": (DATABASE, STORAGE, SCRATCH, SANDBOX, types(WORKFLOWS)),
    "transcode": (DATABASE, STORAGE, SCRATCH, SANDBOX),
    "faces": (DATABASE, STORAGE, SCRATCH, NETWORKS, RECOGNISER),
    "recognise": (DATABASE, STORAGE, RECOGNISER, PEOPLE),
    "notify": (DATABASE, STORAGE, WEB),
    "facebook": (DATABASE, STORAGE, SCRATCH, SANDBOX, NETWORKS, RECOGNISER, SEAL),
}
"""By task list, what its activities work with."""


def of_worker(task_lists: Iterable[str]) -> list[Need]:
    """What a worker of these task lists works with."""
    names = list(task_lists)
    needs = [need for name in names for need in WORKERS[name]]
    activities = [each for each in ACTIVITIES if each.task_list in names]
    return [*dict.fromkeys(needs), types(activities)]
