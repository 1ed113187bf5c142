"""A small shop, for tests of what is there to test workflows with."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from swflow import (
    ActivityError,
    Retry,
    Signal,
    activity,
    attempt,
    heartbeat,
    now,
    publish,
    workflow,
)

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)

approved = Signal("approved", bool)


@dataclass(frozen=True)
class Receipt:
    number: int
    charged: float


class CardError(Exception):
    """A card that is no good."""


@activity(
    "Charge",
    version="1",
    task_list="money",
    start_to_close=timedelta(minutes=10),
    schedule_to_start=timedelta(hours=12),
    schedule_to_close=timedelta(hours=20),
    heartbeat_timeout=timedelta(minutes=2),
    retry=Retry(failures=2, backoff=timedelta(minutes=5), timeouts=(1,)),
)
def charge(number: int, amount: float) -> Receipt:
    heartbeat("charging")
    return Receipt(number, amount)


@activity("Pack", version="1", task_list="goods")
async def pack(number: int) -> str:
    await asyncio.sleep(0)
    return f"parcel {number}"


@workflow("Ship", version="1", task_list="ship", execution_timeout=HOUR)
def ship(parcel: str) -> str:
    return f"{parcel} shipped"


@workflow("Order", version="1", task_list="orders", execution_timeout=YEAR)
async def order(number: int, amount: float) -> list[str]:
    receipt, parcel = charge(number, amount), pack(number)
    return [await ship(parcel.later), f"{(await receipt).charged:.2f}"]


@workflow("Approval", version="1", task_list="orders", execution_timeout=YEAR)
async def approval() -> str:
    publish("asking")
    try:
        async with asyncio.timeout(36 * 3600):
            answer = await approved.receive()
    except TimeoutError:
        return "nobody answered"
    return "approved" if answer else "refused"


@workflow("Patience", version="1", task_list="orders", execution_timeout=YEAR)
async def patience(months: int) -> str:
    for _ in range(months):
        await asyncio.sleep(30 * 86_400)
    return f"{now():%Y-%m-%d}"


@workflow("Bad card", version="1", task_list="orders", execution_timeout=YEAR)
async def bad_card() -> None:
    raise CardError("expired")


@workflow("Careful", version="1", task_list="orders", execution_timeout=YEAR)
async def careful() -> str:
    outcome = await attempt(charge(1, 2.5))
    match outcome.error:
        case None:
            return "charged"
        case ActivityError() as error:
            return str(error)


@workflow("Impatient", version="1", task_list="orders", execution_timeout=YEAR)
async def impatient() -> str:
    try:
        async with asyncio.timeout(60):
            await charge(1, 2.5)
    except TimeoutError:
        return "too slow"
    return "charged"
