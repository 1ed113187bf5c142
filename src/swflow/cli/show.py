"""`swflow show` and `swflow history`."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from swflow.cli.options import add_command, add_execution, add_json, execution_of
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

_LONG = 200
_KINDS = {"child": "child ", "signal": "signal ", "marker": "marker ", "lambda": "function "}


def add_to(commands: Any) -> None:
    """Add the commands and their options."""
    show = add_command(
        commands,
        "show",
        "show what happened in an execution",
        "One line a step: when it was begun, how long it waited for somebody and how long it took, "
        "and what came of it.",
    )
    history = add_command(commands, "history", "print the events of an execution")
    for parser, run in ((show, _show), (history, _history)):
        add_execution(parser)
        add_json(parser)
        parser.set_defaults(run=run)


def _show(options: argparse.Namespace) -> int:
    execution = execution_of(options)
    line = timeline(execution.history())
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
    events = execution_of(options).history()
    if options.json:
        print_json([stored(event) for event in events])
        return 0
    print_table(
        [
            [
                str(event["eventId"]),
                (clock(timestamp(event)), "dim"),
                event["eventType"],
                shortened(json.dumps(attributes(event), ensure_ascii=False), _LONG),
            ]
            for event in events
        ],
        right=[0],
    )
    return 0
