"""Activities for every pool; those for "asyncio" and "thread" share the task list "lab"."""

import asyncio
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from films import SECOND, Film, film_workflow

from swflow import (
    ActivityCancelled,
    ActivityFailed,
    CompleteLater,
    Retry,
    Signal,
    activity,
    activity_info,
    beating,
    heartbeat,
)

LIST = "lab"
_coroutines: dict[int, asyncio.Barrier] = {}
_threads: dict[int, threading.Barrier] = {}


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
async def develop(film: Film, number: int) -> tuple[int, str]:
    """Ends when this many of it run in one process."""
    async with asyncio.timeout(20):
        await _coroutines.setdefault(number, asyncio.Barrier(number)).wait()
    film.note("develop")
    return os.getpid(), threading.current_thread().name


@activity(version="1", task_list=LIST, pool="thread", start_to_close=60 * SECOND)
def rinse(film: Film, number: int) -> tuple[int, str]:
    """Ends when this many of it run in one process."""
    _threads.setdefault(number, threading.Barrier(number)).wait(20)
    film.note("rinse")
    return os.getpid(), threading.current_thread().name


@activity(version="1", task_list="sink", pool="thread", start_to_close=60 * SECOND)
def wash(film: Film, number: int) -> tuple[int, str]:
    """As rinse, where there are no coroutines."""
    return rinse.function(film, number)


@activity(version="1", task_list="darkroom", start_to_close=60 * SECOND)
def load(film: Film) -> int:
    film.note("load")
    return os.getpid()


@activity(version="1", task_list=LIST, heartbeat_timeout=4 * SECOND, retry=Retry(failures=1))
async def expose(film: Film, until: Path) -> int:
    """Waits, beating by itself, until a file is there."""
    attempt = activity_info().attempt
    film.note(f"expose {attempt}")
    try:
        with beating():
            while not until.exists():  # noqa: ASYNC110, ASYNC240 - a test's file, of another process
                await asyncio.sleep(0.05)
    finally:
        await asyncio.sleep(0.1)
        film.note("close the shutter")
    return attempt


@activity(
    version="1",
    task_list=LIST,
    pool="thread",
    heartbeat_timeout=4 * SECOND,
    retry=Retry(failures=1),
)
def agitate(film: Film, until: Path) -> int:
    """Beats until a file is there."""
    attempt = activity_info().attempt
    film.note(f"agitate {attempt}")
    try:
        while not until.exists():
            heartbeat()
            time.sleep(0.05)
    finally:
        film.note("put the tank down")
    return attempt


@activity(version="1", task_list=LIST, pool="thread", heartbeat_timeout=4 * SECOND)
def insist(film: Film, until: Path) -> str:
    """Does not let itself be cancelled."""
    film.note("insist")
    while not until.exists():
        try:
            heartbeat()
        except ActivityCancelled:
            film.note("heard it")
        time.sleep(0.05)
    return "done all the same"


@activity(
    version="1", task_list=LIST, pool="thread", start_to_close=60 * SECOND, retry=Retry(failures=1)
)
def soak(film: Film) -> int:
    """Hears of nothing, the first time."""
    attempt = activity_info().attempt
    film.note(f"soak {attempt}")
    while attempt == 1:
        time.sleep(0.1)
    return attempt


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
async def leave() -> None:
    raise SystemExit(3)


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
async def remark() -> None:
    logging.getLogger("a.library").warning("the bath is cold")


@dataclass(frozen=True)
class Approval:
    by: str


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
async def approve(token: Path) -> Approval:
    """Asks a person, by leaving the task's token where that person finds it."""
    written = token.with_suffix(".part")
    written.write_text(activity_info().task_token)
    written.rename(token)
    raise CompleteLater


done = Signal("done", None)


@film_workflow("Develop")
async def developing(film: Film, number: int) -> list[tuple[int, str]]:
    return await asyncio.gather(*(develop(film, number) for _ in range(number)))


@film_workflow("Rinse")
async def rinsing(film: Film, number: int) -> list[tuple[int, str]]:
    return await asyncio.gather(*(rinse(film, number) for _ in range(number)))


@film_workflow("Wash")
async def washing(film: Film, number: int) -> list[tuple[int, str]]:
    return await asyncio.gather(*(wash(film, number) for _ in range(number)))


@film_workflow("Load")
async def loading(film: Film) -> int:
    return await load(film)


@film_workflow("Expose")
async def exposing(film: Film, until: Path) -> int:
    return await expose(film, until)


@film_workflow("Agitate")
async def agitating(film: Film, until: Path) -> int:
    return await agitate(film, until)


@film_workflow("Soak")
async def soaking(film: Film) -> int:
    return await soak(film)


@film_workflow("Interrupt")
async def interrupting(name: str, film: Film, until: Path) -> None:
    """Cancels an activity on the signal, and goes on until the next one."""
    begun = {"expose": expose, "agitate": agitate, "insist": insist}[name](film, until)
    await done.receive()
    begun.cancel()
    await done.receive()


@film_workflow("Leave")
async def leaving(film: Film) -> str:
    staying = develop(film, 1)
    try:
        await leave()
    except ActivityFailed as error:
        await staying
        await develop(film, 1)
        return error.reason
    return "unexpected"


@film_workflow("Remark")
async def remarking() -> None:
    await remark()


@film_workflow("Approve")
async def approving(token: Path, heartbeat_seconds: int | None) -> str:
    limit = heartbeat_seconds and heartbeat_seconds * SECOND
    given = approve.options(heartbeat_timeout=limit or None)(token)
    return (await given).by


@film_workflow("Withdraw approval")
async def withdrawing(token: Path) -> None:
    asked = approve(token)
    await done.receive()
    asked.cancel()
    await done.receive()
