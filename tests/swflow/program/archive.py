"""A program whose payloads are long, and nobody else's business."""

import os
import time
from datetime import timedelta
from pathlib import Path

from swflow import (
    ActivityTimedOut,
    Encryption,
    Failure,
    FolderStore,
    Payloads,
    Signal,
    activity,
    cached,
    continue_as_new,
    external,
    heartbeat,
    info,
    marker,
    publish,
    workflow,
)

MINUTE = timedelta(minutes=1)
LIST = "films"
FOLDER = os.environ.get("ARCHIVE_FOLDER", "")

STORED = Payloads(store=FolderStore(FOLDER))
ENCRYPTED = Payloads(
    store=FolderStore(FOLDER),
    codecs=[Encryption({"key": os.environ.get("ARCHIVE_KEY", "").ljust(32).encode()})],
)

found = Signal("found", list[str])


@activity(version="1", task_list=LIST, start_to_close=MINUTE)
def develop(film: list[str]) -> list[str]:
    heartbeat(film)
    return [f"developed {frame}" for frame in film]


@activity(version="1", task_list=LIST, start_to_close=MINUTE)
def burn(film: list[str]) -> None:
    raise Failure("the film is burnt", film, retry=False)


@activity(version="1", task_list=LIST, start_to_close=MINUTE)
def show(films: set[str]) -> int:
    return len(films)


@activity(version="1", task_list=LIST, start_to_close=timedelta(seconds=1))
def stare(film: list[str]) -> None:
    heartbeat(film)
    time.sleep(3)


@cached
def shuffled(film: list[str]) -> list[str]:
    return film[::-1]


@workflow(version="1", task_list=LIST, execution_timeout=MINUTE)
async def copy(film: list[str]) -> list[str]:
    await external(*(info().parent or ("", ""))).signal(found, film)
    return await develop(film)


@workflow(version="1", task_list=LIST, execution_timeout=MINUTE)
async def archive(film: list[str], *, again: bool = True) -> list[str]:
    """Sends a film every way that there is."""
    if again:
        continue_as_new(film, again=False)
    marker("begun", film)
    publish(film)
    copied = await copy(film)
    received = await found.receive()
    await show(set(film))
    turned = shuffled(copied)
    if turned[::-1] != [f"developed {frame}" for frame in received]:
        raise Failure("the copy is not the film's", retry=False)
    return turned


@activity(version="1", task_list=LIST, start_to_close=MINUTE)
def exhibit(film: list[str], room: Path) -> int:
    if not room.exists():
        raise Failure("there is no room", film, retry=False)
    return len(film)


@workflow(version="1", task_list=LIST, execution_timeout=MINUTE)
async def exhibiting(film: list[str], room: Path) -> int:
    publish(film)
    developed = await develop(film)
    named = await found.receive()
    return await exhibit(developed + named, room)


@workflow(version="1", task_list=LIST, execution_timeout=MINUTE)
async def staring(film: list[str]) -> bool:
    try:
        await stare(film)
    except ActivityTimedOut as error:
        return bool(error.details == film)
    return False


@workflow(version="1", task_list=LIST, execution_timeout=MINUTE)
async def burning(film: list[str]) -> None:
    await burn(film)
