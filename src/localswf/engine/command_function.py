"""Commands as Lambda functions: input on stdin, result on stdout."""

import asyncio
import contextlib
import os
import shutil
import signal
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

_MOST_BYTES = 4 * 32_768
_TOLD_BYTES = 2_000
_CHUNK = 65_536


class CommandError(Exception):
    """A command gave no result.

    Attributes:
        error_type: what AWS Lambda calls it.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class CommandFileError(Exception):
    """A file of commands cannot be used; the message says why."""


class CommandFunction:
    """A command, run anew for every task, in a process group of its own that ends with it."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments` are the program and what it is given, with no shell in between."""
        self._arguments = tuple(arguments)

    async def run(self, function_input: str | None) -> str:
        """Run the command; cancelling ends it and every process that it started.

        Args:
            function_input: what it reads on stdin, in UTF-8.

        Returns:
            What it wrote on stdout, without a line end at its end.

        Raises:
            CommandError: it could not be started, ended with another status than 0, or wrote too
                much or what is no UTF-8.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            message = f"{self._arguments[0]} cannot be run: {error.strerror}"
            raise CommandError("Runtime.InvalidEntrypoint", message) from None
        try:
            return await _result(process, (function_input or "").encode())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def load_commands(path: Path) -> Mapping[str, CommandFunction]:
    """The functions in a TOML file of lines like `resize = ["python3", "resize.py"]`.

    Raises:
        CommandFileError: the file is missing, no such file, or names a program that is not there.
    """
    try:
        with path.open("rb") as file:
            entries = tomllib.load(file)
    except OSError as error:
        raise CommandFileError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandFileError(f"{path} is no TOML: {error}.") from None
    for name, arguments in entries.items():
        if not (
            isinstance(arguments, list)
            and arguments
            and all(isinstance(argument, str) for argument in arguments)
        ):
            raise CommandFileError(
                f"{path}: {name} must be a list of strings: a program and its arguments."
            )
        if shutil.which(arguments[0]) is None:
            raise CommandFileError(f"{path}: there is no program {arguments[0]} for {name}.")
    return {name: CommandFunction(arguments) for name, arguments in entries.items()}


async def _result(process: asyncio.subprocess.Process, given: bytes) -> str:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise TypeError("A command's streams are pipes.")
    _, written, complaint = await asyncio.gather(
        _feed(stdin, given), _read(stdout), _read_end(stderr)
    )
    status = await process.wait()
    if status:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise CommandError("Runtime.ExitError", f"{how}: {complaint}" if complaint else how)
    try:
        return written.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise CommandError("Runtime.MarshalError", "The result is no UTF-8.") from None


async def _feed(stdin: asyncio.StreamWriter, given: bytes) -> None:
    # A command may end without reading all of it, or any.
    if stdin.is_closing():
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(given)
        await stdin.drain()
    stdin.close()


async def _read(stream: asyncio.StreamReader) -> bytes:
    """All of a stream, if it is not too much."""
    try:
        await stream.readexactly(_MOST_BYTES + 1)
    except asyncio.IncompleteReadError as end:
        return end.partial
    sentence = f"The result has more than {_MOST_BYTES} bytes."
    raise CommandError("Function.ResponseSizeTooLarge", sentence)


async def _read_end(stream: asyncio.StreamReader) -> str:
    """The last of a stream, for people."""
    tail = b""
    while chunk := await stream.read(_CHUNK):
        tail = (tail + chunk)[-_TOLD_BYTES:]
    return tail.decode(errors="replace").strip()
