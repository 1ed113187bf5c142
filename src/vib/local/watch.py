import time
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

import swflow
from vib.db.models import Stage, StageStatus
from vib.db.queries import mark_failed, stages_of
from vib.local.machine import Machine
from vib.services import Services

SECONDS_BETWEEN_LOOKS = 0.2


def watch(
    here: Machine, media_id: UUID, execution: swflow.Execution[Any], console: Console
) -> None:
    """Show a bar for every stage until the workflow is closed.

    A workflow that ended in any other way than by its own code leaves its video failed.

    Raises:
        ProcessEndedError: something that the workflow needs has ended.
    """
    columns = (
        TextColumn("{task.description:<15}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}
        status = "OPEN"
        while status == "OPEN":
            here.check()
            status = _status(here, execution)  # asked first, so that the last look sees the end
            for row in _stages(here.context, media_id):
                if row.stage not in bars:
                    bars[row.stage] = progress.add_task(row.stage, total=1.0, note="")
                _show(progress, bars[row.stage], row)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if status != "COMPLETED":
        with here.context.sessions.begin() as session:
            mark_failed(session, media_id, f"The workflow ended as {status}.")


def _status(here: Machine, execution: swflow.Execution[Any]) -> str:
    try:
        return execution.status()
    except Exception:
        here.check()  # where SWF itself has ended, that is what there is to say
        raise


def _stages(context: Services, media_id: UUID) -> list[Stage]:
    with context.sessions() as session:
        return stages_of(session, media_id)


def _show(progress: Progress, bar: TaskID, row: Stage) -> None:
    notes = [f"attempt {row.attempt}"] if row.attempt > 1 else []
    notes += [row.detail] if row.detail else []
    progress.update(bar, completed=row.progress, note=", ".join(notes))
    if row.status != StageStatus.RUNNING:
        progress.stop_task(bar)
