"""What the deciders and workers of the tests run: a program like one that uses swflow."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from swflow import (
    ActivityCancelled,
    ActivityFailed,
    ActivityTimedOut,
    Failure,
    Retry,
    Saga,
    Signal,
    activity,
    activity_info,
    cached,
    continue_as_new,
    external,
    heartbeat,
    info,
    publish,
    sleep,
    uuid4,
    workflow,
)

SECOND = timedelta(seconds=1)
LIST = "films"


@dataclass(frozen=True)
class Film:
    title: str
    diary: Path
    """Where the activities write down what they do: proof of what really ran."""

    def note(self, what: str) -> None:
        with self.diary.open("a") as diary:
            diary.write(f"{what}\n")


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
def cut(film: Film, part: int) -> str:
    film.note(f"cut {part}")
    return f"{film.title}-{part}"


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
async def join(film: Film, parts: list[str]) -> str:
    await asyncio.sleep(0.01)
    film.note("join")
    return "+".join(parts)


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND, retry=Retry(failures=2))
def flicker(film: Film) -> int:
    attempt = activity_info().attempt
    film.note(f"flicker {attempt}")
    if attempt < 3:
        raise OSError("the bulb went out")
    return attempt


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND, retry=Retry(failures=9))
def burn(film: Film) -> None:
    film.note("burn")
    raise Failure("the film is burnt", {"frame": 7}, retry=False)


@activity(
    version="1",
    task_list=LIST,
    start_to_close=SECOND,
    heartbeat_timeout=SECOND,
    retry=Retry(timeouts=(30,)),
)
def wind(film: Film) -> int:
    """Too slow at first; told that it is too late by its heartbeat."""
    attempt = activity_info().attempt
    film.note(f"wind {attempt}")
    if attempt == 1:
        try:
            turn_for_ever()
        except ActivityCancelled:
            film.note("stopped winding")
            raise
    return attempt


def turn_for_ever() -> None:
    while True:
        heartbeat()
        time.sleep(0.05)


@activity(
    version="1",
    task_list=LIST,
    start_to_close=60 * SECOND,
    heartbeat_timeout=2 * SECOND,
    retry=Retry(timeouts=(1,)),
)
def encode(film: Film, until: Path) -> int:
    """Runs until a file is there."""
    attempt = activity_info().attempt
    film.note(f"encode {attempt} in {os.getpid()}")
    try:
        while not until.exists():
            heartbeat({"attempt": attempt})
            time.sleep(0.05)
    finally:
        film.note(f"put encoder {attempt} away")
    film.note(f"encoded {attempt}")
    return attempt


@activity(version="1", task_list=LIST, heartbeat_timeout=2 * SECOND)
def hang(film: Film) -> None:
    """Beats once, and never again; ends when it is too late."""
    heartbeat("last words")
    film.note("hang")
    time.sleep(5)


@activity(version="1", task_list=LIST, start_to_close=2 * SECOND, retry=Retry(timeouts=(10,)))
def doze(film: Film) -> int:
    """Says nothing in between, and completes, the first time after its time is over."""
    attempt = activity_info().attempt
    film.note(f"doze {attempt}")
    time.sleep(1)
    film.note(f"dozed {attempt}")
    return attempt


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND, retry=Retry(failures=1))
def ignore(film: Film) -> int:
    """Does not let itself be interrupted, like a long call into a library."""
    attempt = activity_info().attempt
    film.note(f"ignore {attempt}")
    while attempt == 1:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        time.sleep(0.1)
    return attempt


@activity(version="1", task_list=LIST, retry=Retry(failures=1))
def crash(film: Film) -> int:
    attempt = activity_info().attempt
    film.note(f"crash {attempt}")
    if attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt


@activity(
    version="1",
    task_list=LIST,
    start_to_close=2 * SECOND,
    retry=Retry(failures=50, timeouts=(1,) * 50),
)
def trim(film: Film, part: int) -> int:
    time.sleep(0.05)
    film.note(f"trim {part}")
    return part


def film_workflow(name: str):  # noqa: ANN201 - a decorator
    return workflow(
        name, version="1", task_list=LIST, execution_timeout=600 * SECOND, decision_timeout=SECOND
    )


@film_workflow("Assemble")
async def assemble(film: Film, parts: int) -> str:
    return await join(film, [cut(film, part).later for part in range(parts)])


@film_workflow("Chain")
async def chain(film: Film, parts: int) -> list[str]:
    return [await cut(film, part) for part in range(parts)]


@film_workflow("Trim")
async def trimming(film: Film, parts: int) -> list[int]:
    return [
        part
        for first in range(0, parts, 2)
        for part in await asyncio.gather(trim(film, first), trim(film, first + 1))
    ]


@film_workflow("Flicker")
async def flickering(film: Film) -> int:
    return await flicker(film)


@film_workflow("Burn")
async def burning(film: Film) -> str:
    try:
        await burn(film)
    except ActivityFailed as error:
        return f"{error.reason} {error.details}"
    return "unexpected"


@film_workflow("Wind")
async def winding(film: Film) -> int:
    return await wind(film)


@film_workflow("Encode")
async def encoding(film: Film, until: Path) -> int:
    return await encode(film, until)


@film_workflow("EncodePatiently")
async def encoding_patiently(film: Film, until: Path) -> int:
    return await encode.options(heartbeat_timeout=8 * SECOND)(film, until)


@film_workflow("Hang")
async def hanging(film: Film) -> str:
    try:
        await hang(film)
    except ActivityTimedOut as error:
        return f"{error.kind} {error.details}"
    return "unexpected"


@film_workflow("Doze")
async def dozing(film: Film) -> int:
    return await doze(film)


@film_workflow("Ignore")
async def ignoring(film: Film) -> int:
    return await ignore(film)


@film_workflow("Crash")
async def crashing(film: Film) -> int:
    return await crash(film)


@film_workflow("Fail")
async def failing() -> None:
    raise Failure("no film", {"shelf": 3}, retry=False)


@film_workflow("Sleep")
async def sleeping() -> str:
    await asyncio.sleep(1)
    return "awake"


approved = Signal("approved", str)


@film_workflow("Review")
async def reviewing() -> str:
    publish({"waits for": "approval"})
    by = await approved.receive()
    publish({"approved by": by})
    return by


@film_workflow("Recommend")
async def recommending(workflow_id: str) -> None:
    await external(workflow_id).signal(approved, info().workflow_id)


@film_workflow("Series")
async def series(film: Film, parts: int) -> list[list[str]]:
    return await asyncio.gather(*(chain(film, part) for part in range(1, parts + 1)))


@film_workflow("Remake")
async def remaking(film: Film, left: int) -> str:
    await cut(film, left)
    if left:
        continue_as_new(film, left - 1)
    return "remade"


@film_workflow("Withdraw")
async def withdrawing(film: Film, until: Path) -> int:
    async with Saga() as saga:
        saga.add(join, film, [])
        return await encode(film, until)


@film_workflow("Hurry")
async def hurrying(film: Film, until: Path) -> str:
    try:
        async with asyncio.timeout(2):
            await withdrawing.options(workflow_id=f"{info().workflow_id} withdrawn")(film, until)
    except TimeoutError:
        return "gave up"
    return "unexpected"


@film_workflow("Splice")
def splicing(film: Film) -> str:
    parts = [cut(film, part) for part in range(2)]
    sleep(1)
    return join(film, [each.result() for each in parts]).result()


@cached
def look(film: Film) -> float:
    film.note("look")
    return time.time()


@film_workflow("Stamp")
async def stamping(film: Film) -> str:
    return await cut(film, int(time.time()))


@film_workflow("Look")
async def looking(film: Film) -> list[str]:
    first = [str(look(film)), str(uuid4())]
    await cut(film, 1)
    await cut(film, 2)
    return [*first, str(uuid4())]


@activity(version="1", task_list=LIST, start_to_close=60 * SECOND)
def develop(film: Film, until: Path) -> str:
    """Fails until a file is there."""
    film.note("develop")
    if not until.exists():
        raise Failure("the light is on", retry=False)
    return "developed"


@film_workflow("Develop")
async def developing(film: Film, until: Path) -> list[str]:
    stamp = await join(film, [str(uuid4())])
    parts = await asyncio.gather(cut(film, 1), cut(film, 1), cut(film, 2))
    (child,) = await chain(film, 1)
    by = await approved.receive()
    return [stamp, *parts, child, by, await develop(film, until)]
