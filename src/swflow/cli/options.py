"""The options that several commands have, and what they mean."""

import argparse
import os
from typing import Any

from swflow.client.client import Client
from swflow.client.execution import Execution
from swflow.errors import SwflowError
from swflow.tools.loading import load_one
from swflow.values.payloads import PLAIN, Payloads


def add_command(commands: Any, name: str, about: str, more: str = "") -> argparse.ArgumentParser:
    """Add a command with the options that every command has.

    Args:
        commands: what `add_subparsers` gave.
        name: the command.
        about: one line for the list of commands.
        more: what else there is to say in the command's own help.
    """
    description = f"{about[0].upper()}{about[1:]}. {more}".strip()
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=description)
    where = parser.add_argument_group("the service")
    add_domain(where)
    where.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="where it is, if it is not Amazon's (AWS_ENDPOINT_URL_SWF)",
    )
    where.add_argument(
        "--region",
        default=os.environ.get("AWS_REGION"),
        help="the region (AWS_REGION, AWS_DEFAULT_REGION, boto3's configuration)",
    )
    where.add_argument("--profile", help="of boto3's configuration (AWS_PROFILE)")
    parser.add_argument(
        "--log-level",
        default="INFO",
        type=str.upper,
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        help="what is logged on standard error (INFO)",
    )
    parser.add_argument("--log-json", action="store_true", help="log a JSON object a line")
    return parser


def add_domain(group: Any) -> None:
    """Add the domain, and how its payloads travel."""
    group.add_argument(
        "--domain",
        default=os.environ.get("SWFLOW_DOMAIN"),
        help="the domain (SWFLOW_DOMAIN)",
    )
    group.add_argument(
        "--payloads",
        metavar="MODULE:NAME",
        default=os.environ.get("SWFLOW_PAYLOADS"),
        help="the program's swflow.Payloads: how payloads travel (SWFLOW_PAYLOADS)",
    )


def add_types(parser: argparse.ArgumentParser) -> None:
    """Add the types of a program, for `load_types`."""
    parser.add_argument(
        "types", nargs="+", metavar="TYPES", help="package.module or package.module:attribute"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_execution(parser: argparse.ArgumentParser) -> None:
    """Add what names an execution."""
    parser.add_argument("workflow_id", metavar="WORKFLOW_ID", help="whom the execution is about")
    parser.add_argument(
        "--run-id", help="which of the executions with that id; the latest if left out"
    )


def client_of(options: argparse.Namespace) -> Client:
    """The domain that the options name.

    Raises:
        SwflowError: they name none, or no endpoint that could be one.
    """
    if not options.domain:
        raise SwflowError("no domain is named: give --domain, or set SWFLOW_DOMAIN")
    url = options.endpoint_url
    if url is not None and not url.startswith(("http://", "https://")):
        raise SwflowError(f"{url!r} is no endpoint: it begins with http:// or https://")
    return Client(
        options.domain,
        endpoint_url=options.endpoint_url,
        region=options.region,
        profile=options.profile,
        payloads=payloads_of(options),
    )


def payloads_of(options: argparse.Namespace) -> Payloads:
    """How payloads travel, as the options name it.

    Raises:
        SwflowError: it cannot be loaded, or is something else.
    """
    name = options.payloads
    return load_one(name, Payloads, "swflow.Payloads") if name else PLAIN


def execution_of(options: argparse.Namespace) -> Execution[Any]:
    """The execution that the options name.

    Raises:
        SwflowError: there is none with this workflow id.
    """
    return client_of(options).execution(options.workflow_id, options.run_id)
