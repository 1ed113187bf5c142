"""SWF's wire with as little between as there can be: one connection, one call at a time."""

import asyncio
import json
from typing import Any

Answer = dict[str, Any]


class Cut(Exception):  # noqa: N818 - a thing that happens
    """The connection ended before the answer: nobody knows whether the call was carried out."""


class Refused(Exception):  # noqa: N818 - an answer
    """The answer is an error."""

    def __init__(self, operation: str, status: int, answer: Answer) -> None:
        super().__init__(f"{operation}: {status} {answer}")
        self.status = status
        self.code: str = answer["__type"].rpartition("#")[2]


class ThinClient:
    """A client that connects when it has something to say, anew after it was cut off."""

    def __init__(self) -> None:
        self.port = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, operation: str, **request: Any) -> Answer:
        """Carry out an operation.

        Raises:
            Cut: the server is gone.
            Refused: the answer is an error.
        """
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            status, body = await self._exchange(*self._streams, operation, request)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Cut(operation) from error
        answer: Answer = json.loads(body) if body else {}
        if status != 200:
            raise Refused(operation, status, answer)
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        operation: str,
        request: dict[str, Any],
    ) -> tuple[int, bytes]:
        content = json.dumps(request).encode()
        head = (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: SimpleWorkflowService.{operation}\r\nContent-Length: {len(content)}\r\n"
        )
        writer.write(head.encode() + b"\r\n" + content)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines[1:])}
        return int(lines[0].split()[1]), await reader.readexactly(int(fields["content-length"]))
