"""A workflow's source is read for what cannot be replayed, and what to use instead is said."""

import asyncio
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import swflow
from swflow import activity, cached
from swflow.deciders.guards import check
from tests.swflow.flows import flow

dice = random.Random(3)  # noqa: S311


@activity(version="1", task_list="steps")
def step() -> float:
    return time.time()


@cached
def look() -> float:
    return time.time()


def helper() -> float:
    return time.time()


def found(function: Callable[..., Any]) -> list[tuple[str, str]]:
    return [(each.name, each.instead) for each in check(flow(function))]


async def telling_the_time() -> None:
    time.time()
    datetime.now()  # noqa: DTZ005
    date.today()  # noqa: DTZ011


async def rolling() -> None:
    random.choice("ab")  # noqa: S311
    dice.random()
    uuid.uuid4()


async def acting() -> None:
    subprocess.run([], check=True)  # noqa: ASYNC221
    threading.Thread()
    open("x")  # noqa: ASYNC230, PTH123, SIM115


async def reaching_out() -> None:
    socket.socket()
    socket.create_connection(("", 0))
    urllib.request.urlopen("")  # noqa: ASYNC210
    os.system("")  # noqa: ASYNC221, S605, S607
    input()  # noqa: ASYNC250
    os.getenv("HOME")
    await asyncio.to_thread(print)
    asyncio.run(look_for())


async def in_other_words() -> None:
    time.time_ns()
    time.monotonic()
    time.perf_counter()
    datetime.utcnow()  # noqa: DTZ003
    datetime.today()  # noqa: DTZ002
    uuid.uuid1()
    os.urandom(8)
    secrets.token_hex()


async def inside() -> None:
    def inner() -> None:
        time.sleep(1)

    inner()


async def in_any_order(names: set[str]) -> None:
    for name in {"a", "b"}:  # noqa: PLC0208
        await asyncio.gather(*(look_for(name, each) for each in set(names)))
    for name in sorted(names):
        await look_for(name, name)


async def look_for(*_names: str) -> None: ...


async def calling() -> None:
    helper()


async def innocent(open: Callable[[], None]) -> None:  # noqa: A002
    swflow.now()
    swflow.random().random()
    swflow.uuid4()
    look()
    await step()
    open()
    await asyncio.sleep(1)
    datetime.fromtimestamp(0)  # noqa: DTZ006
    Path("x").with_suffix(".y")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            telling_the_time,
            [
                ("time.time()", "swflow.now()"),
                ("datetime.now()", "swflow.now()"),
                ("date.today()", "swflow.now()"),
            ],
        ),
        (
            rolling,
            [
                ("random.choice()", "swflow.random()"),
                ("dice.random()", "swflow.random()"),
                ("uuid.uuid4()", "swflow.uuid4()"),
            ],
        ),
        (
            acting,
            [
                ("subprocess.run()", "an activity"),
                ("threading.Thread()", "asyncio.create_task(), or an activity"),
                ("open()", "an activity"),
            ],
        ),
        (
            reaching_out,
            [
                ("socket.socket()", "an activity"),
                ("socket.create_connection()", "an activity"),
                ("urllib.request.urlopen()", "an activity"),
                ("os.system()", "an activity"),
                ("input()", "an activity"),
                ("os.getenv()", "@swflow.cached, or an activity"),
                ("asyncio.run()", "await"),
                ("asyncio.to_thread()", "an activity"),
            ],
        ),
        (
            in_other_words,
            [
                ("time.time_ns()", "swflow.now()"),
                ("time.monotonic()", "swflow.now()"),
                ("time.perf_counter()", "swflow.now()"),
                ("datetime.utcnow()", "swflow.now()"),
                ("datetime.today()", "swflow.now()"),
                ("uuid.uuid1()", "swflow.uuid4()"),
                ("os.urandom()", "swflow.random()"),
                ("secrets.token_hex()", "swflow.random()"),
            ],
        ),
        (inside, [("time.sleep()", "asyncio.sleep(), or swflow.sleep() in a `def` workflow")]),
        (in_any_order, [("the order of a set", "sorted()")] * 2),
        (calling, [("time.time()", "swflow.now()")]),
        (innocent, []),
    ],
)
def test_what_cannot_be_replayed_is_found(
    function: Callable[..., Any], expected: list[tuple[str, str]]
) -> None:
    assert found(function) == expected


def test_a_finding_says_where_it_is() -> None:
    (finding,) = check(flow(calling))
    line = Path(__file__).read_text().splitlines()[finding.line - 1]
    assert (finding.file, line) == (__file__, "    return time.time()")
    assert str(finding) == (
        f"{__file__}:{finding.line}: time.time() in a workflow's code does not replay the same; "
        f"use swflow.now()"
    )


def test_without_source_nothing_is_found() -> None:
    made: dict[str, Any] = {}
    exec("import time\nasync def hidden(): time.time()", made)  # noqa: S102
    assert found(made["hidden"]) == []
