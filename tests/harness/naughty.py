"""Work for a sandbox that does what hostile files do to decoders."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vib.errors import BadVideo
from vib.video.sandbox import serve

Progress = Callable[[float], None]


def echo(_: Progress, value: object) -> object:
    return value


def environment(_: Progress) -> object:
    return dict(os.environ)


def steps(progress: Progress) -> None:
    for step in range(5):
        progress(step / 4)


def creep(progress: Progress) -> None:
    while True:
        progress(0.5)
        time.sleep(0.05)


def sleep(_: Progress, pid_file: str) -> None:
    Path(pid_file).write_text(str(os.getpid()))
    time.sleep(600)


def spin(_: Progress) -> None:
    while True:
        pass


def fill_memory(_: Progress) -> object:
    return len(bytes(2**30))


def fill_disk(_: Progress, path: str) -> None:
    Path(path).write_bytes(bytes(2**21))


def lie(_: Progress) -> object:
    os.write(1, b'{"result": "a lie"}\n')
    return "the truth"


def refuse(_: Progress) -> None:
    raise BadVideo("It is a bad video.")


def meet_a_full_disk(_: Progress) -> None:
    raise OSError(28, "No space left on device")


def blunder(_: Progress) -> None:
    raise LookupError


def leave(_: Progress) -> None:
    os._exit(0)


def be_killed(_: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash(_: Progress) -> None:
    ctypes.string_at(0)


def _work(request: Any, progress: Progress) -> object:
    name, *arguments = request
    return globals()[name](progress, *arguments)


if __name__ == "__main__":
    serve(_work)
