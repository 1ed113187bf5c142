"""Commands that are processes of a fleet: each says what it needs, and does not start without."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vib import logs

if TYPE_CHECKING:
    from vib.needs import Need
    from vib.services import Services


def set_program(
    parser: argparse.ArgumentParser,
    run: "Callable[[Services, argparse.Namespace], int]",
    needs: "Callable[[argparse.Namespace], Sequence[Need]]",
) -> None:
    """Have a command run such a process, if all is set that it needs.

    Args:
        parser: the command's.
        run: what the command does; its exit status.
        needs: what that works with.
    """

    def command(arguments: argparse.Namespace) -> int:
        from vib.needs import demand
        from vib.services import services

        context = services()
        demand(context, needs(arguments))
        logs.configure(context.settings.log_level)
        return run(context, arguments)

    parser.set_defaults(command=command, needs=needs)
