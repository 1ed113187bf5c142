"""`swflow show` and `swflow history`."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from swflow.cli.options import add_command, add_execution, add_json, client_of
from swflow.cli.output import (
    Cell,
    clock,
    coloured,
    print_json,
    print_line,
    print_table,
    shortened,
    span,
)
from swflow.execution.history import attributes, stored, timestamp
from swflow.tools.timeline import Step, Timeline, timeline
from swflow.values.reading import all_readable, readable
from swflow.values.sealing import Sealer, all_of

_LONG = 200
_KINDS = {"child": "child ", "signal": "signal ", "marker": "marker ", "lambda": "function "}


def add_to(commands: Any) -> None:
    """Add the commands and their options."""
    show = add_command(
        commands,
        "show",
        "show what happened in an execution",
        "One line a step: when it was begun, how long it waited for somebody and how long it took, "
        "and what came of it. With the program's --payloads, what is stored or encrypted is shown "
        "as well.",
    )
    history = add_command(
        commands,
        "history",
        "print the events of an execution",
        "As JSON they are as Amazon SWF gives them, with their payloads as these travelled.",
    )
    for parser, run in ((show, _show), (history, _history)):
        add_execution(parser)
        add_json(parser)
        parser.set_defaults(run=run)


def _show(options: argparse.Namespace) -> int:
    client = client_of(options)
    execution = client.execution(options.workflow_id, options.run_id)
    line = timeline(execution.history())
    _open(line, client.connection.sealer)
    if options.json:
        ids = {"workflowId": execution.workflow_id, "runId": execution.run_id}
        print_json({**ids, **asdict(line)})
        return 0
    _print_head(line, execution.workflow_id, execution.run_id)
    if line.steps:
        header = [(each, "dim") for each in ("AT", "STEP", "WAITED", "TOOK", "OUTCOME", "")]
        print_line()
        print_table([header, *(_row(line, step) for step in line.steps)], right=[0, 2, 3])
    return 0


def _open(line: Timeline, sealer: Sealer) -> None:
    """Make readable what it tells of payloads."""
    told = [line.input, line.said, *(step.said for step in line.steps)]
    line.input, line.said, *said = all_of(partial(readable, sealer), told)
    for step, text in zip(line.steps, said, strict=True):
        step.said = text


def _print_head(line: Timeline, workflow_id: str, run_id: str) -> None:
    end = line.ended or datetime.now(UTC)
    colour = "pending" if line.ended is None else "good" if line.is_good else "bad"
    lasted = f"{'for' if line.ended is None else 'after'} {span(end - line.begun)}"
    print_line(coloured(workflow_id, "bold"))
    about = {
        "type": f"{line.name} {line.version}",
        "run": run_id,
        "started": clock(line.begun),
        "status": f"{coloured(line.outcome, colour)} {lasted}",
        "input": shortened(line.input, _LONG),
        "result" if line.is_good else "because": shortened(line.said, _LONG),
    }
    for name, value in about.items():
        if value:
            print_line(f"{coloured(f'{name:8}', 'dim')} {value}")


def _row(line: Timeline, step: Step) -> list[Cell]:
    name = f"{_KINDS.get(step.kind, '')}{step.name}"
    if step.kind == "activity" and step.attempt > 1:
        name = f"  again, attempt {step.attempt} of {name}"
    number = f" ({step.id})" if step.kind in ("activity", "child", "request") and step.id else ""
    colour = "good" if step.is_good else "pending" if step.is_pending else "bad"
    return [
        span(step.begun - line.begun),
        f"{name}{number}",
        span(step.waited),
        span(step.took),
        (step.outcome, colour),
        shortened(step.said, _LONG),
    ]


def _history(options: argparse.Namespace) -> int:
    client = client_of(options)
    events = client.execution(options.workflow_id, options.run_id).history()
    if options.json:
        print_json([stored(event) for event in events])
        return 0
    opened = all_of(partial(all_readable, client.connection.sealer), map(attributes, events))
    print_table(
        [
            [
                str(event["eventId"]),
                (clock(timestamp(event)), "dim"),
                event["eventType"],
                shortened(json.dumps(says, ensure_ascii=False), _LONG),
            ]
            for event, says in zip(events, opened, strict=True)
        ],
        right=[0],
    )
    return 0
