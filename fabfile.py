"""What people do on the hosts day by day: `fab --list`, `fab tail-logs --env staging`.

Hosts come from the Ansible inventory, so `--group` takes any of its patterns. Every host is worked
on at the same time; each of its lines begins with its name. A host that cannot be reached, or on
which the command fails, is named at the end, and the exit status is 1; the others are not held up.
"""

import shlex
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import cycle, repeat
from pathlib import Path
from typing import Any, TextIO

from ansible import constants
from ansible.cli import CLI
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from fabric import Connection, task
from invoke.context import Context
from invoke.exceptions import Exit
from paramiko import RejectPolicy

ROOT = Path(__file__).resolve().parent
LOGS = "/var/log/vib"
COLOURS = cycle(("36", "33", "35", "32", "34", "31"))
TARGETS = {
    "env": "the inventory: staging, prod, ...",
    "group": "a group, a host, or any of Ansible's patterns",
}
_output = threading.Lock()


@dataclass(frozen=True)
class Host:
    """A host of the inventory, and how to get there."""

    name: str
    address: str
    user: str | None
    port: int | None
    key: str | None
    checks_key: bool

    def connection(self) -> Connection:
        """A connection that is not open yet."""
        key = {"key_filename": str(Path(self.key).expanduser())} if self.key else {}
        connection = Connection(
            self.address, self.user, self.port, connect_kwargs=key, connect_timeout=10
        )
        if self.checks_key:
            connection.client.load_system_host_keys()
            connection.client.set_missing_host_key_policy(RejectPolicy())
        return connection


@task(help={**TARGETS, "lines": "how many lines that are there already", "once": "do not follow"})
def tail_logs(
    _: Context, env: str = "local", group: str = "pipeline", lines: int = 10, *, once: bool = False
) -> None:
    """Follow the log files of every process."""
    follow = "" if once else "--follow=name --retry "
    _everywhere(env, group, f"sudo sh -c 'tail {follow}--quiet --lines={int(lines)} {LOGS}/*.log'")


@task(help=TARGETS)
def status(_: Context, env: str = "local", group: str = "pipeline") -> None:
    """Which release is installed, which runs, and how its processes are."""
    _everywhere(env, group, "sudo vib-release status")


@task(help={**TARGETS, "program": "one program in place of all: faces, decider, ..."})
def restart(_: Context, env: str = "local", group: str = "pipeline", program: str = "") -> None:
    """Stop processes, which hand back what they cannot finish, and start them again."""
    _everywhere(env, group, f"sudo vib-release restart {_quoted(program)}")


@task(help={**TARGETS, "program": "one program in place of all: faces, decider, ..."})
def drain(_: Context, env: str = "local", group: str = "pipeline", program: str = "") -> None:
    """Stop processes: they take no more work, and hand back what they cannot finish."""
    _everywhere(env, group, f"sudo vib-release stop {_quoted(program)}")


@task(help={**TARGETS, "task_type": "an activity type", "arguments": "its arguments, as JSON"})
def inject(
    _: Context, task_type: str, arguments: str, env: str = "local", group: str = "decider"
) -> None:
    """Put one activity task in front of the workers, by way of the first of the hosts."""
    command = f"inject {shlex.quote(task_type)} {shlex.quote(arguments)}"
    _everywhere(env, group, f"sudo vib-run decider {command}", first=True)


@task(help={**TARGETS, "command": "what to run, as the user who logs in"})
def shell(_: Context, command: str, env: str = "local", group: str = "pipeline") -> None:
    """Run a command."""
    _everywhere(env, group, command)


def _everywhere(env: str, group: str, command: str, *, first: bool = False) -> None:
    hosts = _hosts(env, group)[: 1 if first else None]
    width = max(len(host.name) for host in hosts)
    with ThreadPoolExecutor(len(hosts)) as pool:
        prefixes = [_prefix(host.name.ljust(width)) for host in hosts]
        problems = list(pool.map(_run, hosts, prefixes, repeat(command)))
    lost = [f"{host.name}: {why}" for host, why in zip(hosts, problems, strict=True) if why]
    if lost:
        raise Exit("\n".join(lost), code=1)


def _run(host: Host, prefix: str, command: str) -> str | None:
    """Run a command on a host; gives what went wrong."""
    out, err = _Lines(prefix, sys.stdout), _Lines(prefix, sys.stderr)
    try:
        with host.connection() as connection:
            done = connection.run(
                command, hide=True, warn=True, in_stream=False, out_stream=out, err_stream=err
            )
    except Exception as error:  # noqa: BLE001 - whatever befalls one host, the others go on
        return f"{type(error).__name__}: {error}"
    finally:
        out.finish()
        err.finish()
    return None if done.ok else f"exit status {done.exited}"


class _Lines:
    """Writes whole lines, each behind a host's name, so that hosts do not talk into each other."""

    def __init__(self, prefix: str, stream: TextIO) -> None:
        self._prefix = prefix
        self._stream = stream
        self._rest = ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        self._say(lines)

    def flush(self) -> None:
        self._stream.flush()

    def finish(self) -> None:
        self._say([self._rest] if self._rest else [])

    def _say(self, lines: Sequence[str]) -> None:
        with _output:
            self._stream.writelines(f"{self._prefix}{line}\n" for line in lines)
            self._stream.flush()


def _prefix(name: str) -> str:
    return f"\033[{next(COLOURS)}m{name}\033[0m | " if sys.stdout.isatty() else f"{name} | "


def _quoted(word: str) -> str:
    return shlex.quote(word) if word else ""


def _hosts(env: str, pattern: str) -> list[Host]:
    """The hosts that a pattern means, as Ansible reads the inventory."""
    there = {each.name: each for each in (ROOT / "inventories").iterdir() if each.is_dir()}
    if env not in there:  # an empty name would be all of them
        raise Exit(f"There is no inventory {env!r}; there are {', '.join(sorted(there))}.", code=2)
    source = there[env]
    try:
        loader = _loader()
        inventory = InventoryManager(loader, [str(source)])
        variables = VariableManager(loader, inventory)
        meant = inventory.get_hosts(pattern)
        found = [_host(each.name, loader, variables.get_vars(host=each)) for each in meant]
    except AnsibleError as error:
        raise Exit(f"The inventory {env} cannot be read: {error}", code=2) from error
    if not found:
        graph = f"ansible-inventory -i inventories/{env} --graph"
        raise Exit(f"No host of {env} is meant by {pattern!r}; see `{graph}`.", code=2)
    return found


@cache
def _loader() -> DataLoader:
    """What reads files, with the passwords of vaults; Ansible takes those once only."""
    loader = DataLoader()
    CLI.setup_vault_secrets(loader, constants.DEFAULT_VAULT_IDENTITY_LIST, auto_prompt=False)
    return loader


def _host(name: str, loader: DataLoader, variables: dict[str, Any]) -> Host:
    templar = Templar(loader, variables)

    def value(variable: str, default: Any = None) -> Any:
        return templar.template(variables[variable]) if variable in variables else default

    port = value("ansible_port")
    return Host(
        name=name,
        address=value("ansible_host", name),
        user=value("ansible_user"),
        port=None if port is None else int(port),
        key=value("ansible_ssh_private_key_file"),
        checks_key=bool(value("ansible_host_key_checking", default=True)),
    )
