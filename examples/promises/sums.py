"""Promises, what is found out once, timers, and values too long for Amazon SWF."""

import os
from datetime import timedelta

from swflow import FolderStore, Payloads, S3Store, activity, cached, timer, workflow

bucket = os.environ.get("BUCKET")
PAYLOADS = Payloads(store=S3Store(bucket) if bucket else FolderStore("payloads"))


@activity(version="1.0", task_list="sums")
def double(number: int) -> int:
    """Twice the number."""
    return number + number


@workflow(version="1.0", task_list="sums", execution_timeout=timedelta(hours=1))
def total(first: int, second: int) -> int:
    """A sum of doubles: both are worked out at once, and waited for where they are used."""
    one = double(first)
    two = double(second)
    return one.result() + two.result()


@cached
def measure() -> list[int]:
    """Something else every time, and too long for Amazon SWF."""
    return list(os.urandom(50_000))


@activity(version="1.0", task_list="sums")
def mean(numbers: list[int]) -> float:
    """The mean of many numbers."""
    return sum(numbers) / len(numbers)


@workflow(version="1.0", task_list="sums", execution_timeout=timedelta(hours=1))
def observe(rounds: int, pause: timedelta) -> list[float]:
    """The means of so many measurements, with pauses between them."""
    means = []
    for _ in range(rounds):
        until = timer(pause)
        means.append(mean(measure()))
        until.result()
    return [each.result() for each in means]
