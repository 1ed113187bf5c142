"""Data file and write-ahead log stay at a size when as much is forgotten as is done."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from localswf import Service

ROUNDS = 60
AT_ONCE = 10
KIND = {"name": "Process", "version": "1"}


@pytest.mark.slow
def test_a_service_that_runs_on_and_on_takes_no_more_room(tmp_path: Path) -> None:
    sizes = asyncio.run(sizes_while_at_work(tmp_path / "swf.db"))
    first, second = sizes[: ROUNDS // 2], sizes[ROUNDS // 2 :]
    for part in ("data", "wal"):
        assert max(size[part] for size in second) <= 1.5 * max(size[part] for size in first)
    # All that was written would be this much.
    written = ROUNDS * AT_ONCE * 2 * 20_000
    assert written > 3 * max(sum(size.values()) for size in sizes)


async def sizes_while_at_work(path: Path) -> list[dict[str, int]]:
    """Sizes after each round of executions that are forgotten as soon as they are closed."""
    service = Service(path)
    await service.call(
        "RegisterDomain", {"name": "d", "workflowExecutionRetentionPeriodInDays": "0"}
    )
    defaults = {
        "defaultTaskList": {"name": "deciders"},
        "defaultExecutionStartToCloseTimeout": "600",
        "defaultTaskStartToCloseTimeout": "60",
        "defaultChildPolicy": "TERMINATE",
    }
    await service.call("RegisterWorkflowType", {"domain": "d", **KIND, **defaults})
    sizes = []
    numbers = itertools.count()
    for _ in range(ROUNDS):
        await asyncio.gather(*(run(service, f"video-{next(numbers)}") for _ in range(AT_ONCE)))
        sizes.append(service.status().file_sizes)
    await service.close()
    return sizes


async def run(service: Service, workflow_id: str) -> None:
    execution: dict[str, Any] = {"domain": "d", "workflowId": workflow_id}
    load = "x" * 20_000
    await service.call("StartWorkflowExecution", {**execution, "workflowType": KIND, "input": load})
    await service.call("TerminateWorkflowExecution", {**execution, "details": load})
