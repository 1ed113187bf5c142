"""The workflow that benchmarks of swflow run: one activity after the other."""

from datetime import timedelta

from swflow import activity, workflow


@activity("Step", version="1", task_list="steps")
def step(number: int) -> int:
    """Do next to nothing."""
    return number + 1


@workflow("Steps", version="1", task_list="flows", execution_timeout=timedelta(days=365))
async def steps(count: int) -> int:
    """One step after the other."""
    number = 0
    for _ in range(count):
        number = await step(number)
    return number
