"""What supervisor does and says, on the socket where it answers."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from xmlrpc.client import Fault, ServerProxy, Transport

from vib_release import ReleaseError


class _Transport(Transport):
    """HTTP over a socket of this host."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = str(path)

    def make_connection(self, host: Any) -> HTTPConnection:
        """A connection, open."""
        connection = HTTPConnection(host)
        connection.sock = socket.socket(socket.AF_UNIX)
        self._connection = host, connection
        connection.sock.connect(self._path)
        return connection


class Process(NamedTuple):
    """What supervisor says of a process."""

    name: str
    group: str
    state: str
    pid: int
    description: str

    @property
    def is_running(self) -> bool:
        """Whether it has stayed up for as long as supervisor wants."""
        return self.state == "RUNNING"

    @property
    def is_wrong(self) -> bool:
        """Whether it will not run by waiting."""
        return self.state not in {"RUNNING", "STARTING"}

    def __str__(self) -> str:
        return f"{self.name:<24} {self.state:<9} {self.description}".rstrip()


class Supervisor:
    """The supervisor that answers on a socket, by its XML-RPC: http://supervisord.org/api.html."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def processes(self) -> list[Process]:
        """Every process that it knows, running or not."""
        return sorted(
            Process(
                each["name"]
                if each["name"] == each["group"]
                else f"{each['group']}:{each['name']}",
                each["group"],
                each["statename"],
                each["pid"],
                each["description"],
            )
            for each in self._call("getAllProcessInfo")
        )

    def stop(self, names: Sequence[str]) -> None:
        """Stop processes and wait for their end; those of `GROUP:*` end side by side."""
        self._each("stopProcess", names)

    def start(self, names: Sequence[str]) -> None:
        """Start processes and wait until they run or have failed."""
        self._each("startProcess", names)

    def reload(self) -> None:
        """Have it read its configuration, and know the programs of today only."""
        try:
            ((added, changed, removed),) = self._call("reloadConfig")
        except Fault as error:
            raise ReleaseError(f"supervisor: {error.faultString}") from None
        for group in (*changed, *removed):
            self._call("stopProcessGroup", group)
            self._call("removeProcessGroup", group)
        for group in (*added, *changed):
            self._call("addProcessGroup", group)

    def _each(self, method: str, names: Sequence[str]) -> None:
        for name in names:
            with suppress(Fault):  # it did so already, or it cannot: their states tell
                self._call(method, name)

    def _call(self, method: str, *arguments: str) -> Any:
        try:
            with ServerProxy("http://supervisor", _Transport(self._path)) as server:
                return getattr(server.supervisor, method)(*arguments)
        except OSError as error:
            raise ReleaseError(
                f"supervisor does not answer ({error}); `systemctl status supervisor` says more."
            ) from None
