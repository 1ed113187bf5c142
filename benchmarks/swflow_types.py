"""The workloads in swflow: a chain of activities, or many at once."""

import asyncio
from datetime import timedelta

from swflow import activity, workflow

_LONG = timedelta(hours=1)


@activity("Add", version="1", task_list="workers", start_to_close=timedelta(minutes=5))
async def add(value: int) -> int:
    """Add 1."""
    return value + 1


@workflow("Adding", version="1", task_list="deciders", execution_timeout=_LONG)
async def adding(activities: int, parallel: bool) -> int:
    """Run them and return what they add up to."""
    if parallel:
        return sum(await asyncio.gather(*(add(0) for _ in range(activities))))
    value = 0
    for _ in range(activities):
        value = await add(value)
    return value
