"""The workloads in swflow: a chain of activities, or many at once."""

import asyncio
from datetime import timedelta

from swflow import activity, continue_as_new, info, workflow

_LONG = timedelta(hours=1)
_EVENTS = 20_000
"""After so many events a chain goes on as a new execution: Amazon SWF ends those of 25,000."""


@activity("Add", version="1", task_list="workers", start_to_close=timedelta(minutes=5))
async def add(value: int) -> int:
    """Add 1."""
    return value + 1


@workflow("Adding", version="1", task_list="deciders", execution_timeout=_LONG)
async def adding(activities: int, parallel: bool, value: int = 0) -> int:
    """Run them and return what they add up to."""
    if parallel:
        return sum(await asyncio.gather(*(add(0) for _ in range(activities))))
    for done in range(activities):
        if info().history_length > _EVENTS:
            continue_as_new(activities - done, parallel, value)
        value = await add(value)
    return value
