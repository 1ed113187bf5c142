"""`swflow signal`, `cancel`, `terminate` and `published`: words with a running execution."""

import argparse
import json
from typing import Any

from swflow.authoring.signals import Signal
from swflow.cli.options import add_command, add_execution, add_json, execution_of
from swflow.cli.output import print_json
from swflow.cli.values import json_value
from swflow.tools.loading import load_one


def add_to(commands: Any) -> None:
    """Add the commands and their options."""
    signal = add_command(commands, "signal", "tell a running execution something")
    add_execution(signal)
    signal.add_argument(
        "signal",
        metavar="SIGNAL",
        help="its name; or package.module:signal, and the value is checked against its type",
    )
    signal.add_argument("value", nargs="?", default="null", metavar="VALUE", help="as JSON")
    signal.set_defaults(run=_signal)

    cancel = add_command(
        commands, "cancel", "ask an execution to end", "Its code may clean up before it does."
    )
    add_execution(cancel)
    cancel.set_defaults(run=_cancel)

    terminate = add_command(commands, "terminate", "end an execution now, without asking its code")
    add_execution(terminate)
    terminate.add_argument("--reason", required=True, help="why, for people who look at it")
    terminate.set_defaults(run=_terminate)

    published = add_command(
        commands, "published", "print what an execution shows of itself", "It is JSON."
    )
    add_execution(published)
    published.set_defaults(run=_published)
    for parser in (signal, cancel, terminate, published):
        add_json(parser)


def _signal(options: argparse.Namespace) -> int:
    signal: Signal[Any] = Signal(options.signal, object)
    value = json_value(options.value)
    if ":" in options.signal:
        signal = load_one(options.signal, Signal, "signal")
        value = signal.codec.load_result(json.dumps(value))
    execution = execution_of(options)
    execution.signal(signal, value)
    return _done(options, execution, "signalled")


def _cancel(options: argparse.Namespace) -> int:
    execution = execution_of(options)
    execution.cancel()
    return _done(options, execution, "asked to cancel itself")


def _terminate(options: argparse.Namespace) -> int:
    execution = execution_of(options)
    execution.terminate(options.reason)
    return _done(options, execution, "terminated")


def _published(options: argparse.Namespace) -> int:
    print_json(execution_of(options).published())
    return 0


def _done(options: argparse.Namespace, execution: Any, what: str) -> int:
    if options.json:
        ids = {"workflowId": execution.workflow_id, "runId": execution.run_id}
        print_json({**ids, "done": what})
    return 0
