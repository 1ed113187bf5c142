"""The command `vib-release`."""

import argparse
import os
import sys
from pathlib import Path

from vib_release import ReleaseError
from vib_release.releases import Host


def main() -> None:
    """The command. Prints what changed; exit status 1 and one sentence if it could not."""
    parser = argparse.ArgumentParser(description="The releases of this host.")
    for name, default in (
        ("root", "/opt/vib"),
        ("settings", "/etc/vib"),
        ("supervisor", "/run/supervisor.sock"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=default, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what)

    command("install", "make a release's environment").add_argument("release")
    command("check", "tell whether a release can work here").add_argument("release")
    command("activate", "let a release run").add_argument("release")
    command("rollback", "go back to the release that ran before")
    command("prune", "remove old releases").add_argument("--keep", type=int, default=3)
    command("status", "the installed releases, the current one with a star; the processes")
    for name, what in (
        ("stop", "let processes finish what they can, and end"),
        ("start", "start processes"),
        ("restart", "stop processes, and start them"),
    ):
        command(name, what).add_argument("program", nargs="?", help="all, if left out")
    options = parser.parse_args()
    settings = sorted(options.settings.glob("*.env"))
    host = Host(options.root, settings, options.supervisor)
    os.umask(0o022)
    try:
        if options.command == "status":
            print(host.status())
        else:
            with host.alone():
                _do(host, options)
    except ReleaseError as error:
        sys.exit(f"vib-release: {error}")


def _do(host: Host, options: argparse.Namespace) -> None:
    match options.command:
        case "install":
            print("installed" if host.install(options.release) else "unchanged")
        case "check":
            print("can work" if host.check(options.release) else "unchanged")
        case "activate":
            print("activated" if host.activate(options.release) else "unchanged")
        case "rollback":
            print(f"activated {host.rollback()}")
        case "prune":
            print("\n".join(f"removed {each}" for each in host.prune(options.keep)) or "unchanged")
        case "stop":
            host.stop(options.program)
        case "start":
            host.start(options.program)
        case "restart":
            host.stop(options.program)
            host.start(options.program)


if __name__ == "__main__":
    main()
