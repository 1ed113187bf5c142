"""Stage A, then B and C side by side, then D: each takes its time, and does nothing else.

They take 30, 5, 10 and 8 seconds; PACE=0.1 in the environment makes that a tenth.
"""

import asyncio
import os
import time
from datetime import timedelta

from swflow import Retry, activity, workflow

PACE = float(os.environ.get("PACE", "1"))
AGAIN = Retry(timeouts=(4,))


@activity("A", version="1", task_list="stages", retry=AGAIN)
def stage_a() -> str:
    """The long one."""
    return work("A", 30)


@activity("B", version="1", task_list="stages", retry=AGAIN)
def stage_b(so_far: str) -> str:
    """Needs A."""
    return work(f"{so_far}, B", 5)


@activity("C", version="1", task_list="stages", retry=AGAIN)
def stage_c(so_far: str) -> str:
    """Needs A as well."""
    return work(f"{so_far}, C", 10)


@activity("D", version="1", task_list="stages", retry=AGAIN)
def stage_d(left: str, right: str) -> str:
    """Needs both B and C."""
    return work(f"({left}) and ({right}), D", 8)


@workflow("Stages", version="1", task_list="stages", execution_timeout=timedelta(minutes=10))
async def stages(limit: timedelta) -> str:
    """Go through all stages; A may take as long as `limit`, and after a timeout four times that."""
    a = await stage_a.options(start_to_close=limit)()
    b, c = await asyncio.gather(stage_b(a), stage_c(a))
    return await stage_d(b, c)


def work(what: str, seconds: float) -> str:
    """Take so long."""
    time.sleep(seconds * PACE)
    return what
