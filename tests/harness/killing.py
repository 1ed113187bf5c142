"""Work that is killed before each of its lines in turn, as a crash may do it anywhere.

As a program it does the work: it reads orders from standard input, does each in a forked process
that kills itself before the line that is asked for, and says what became of it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

from vib.activities.add_faces import add_faces
from vib.activities.list_friends import list_friends
from vib.activities.remove_friends import remove_friends
from vib.activities.upload import upload
from vib.facebook import faces
from vib.faces.photograph_file import BadPhotograph, Photograph, open_photograph
from vib.messages import FacebookJob, FriendBatch, UploadJob
from vib.popeye import ingest, uploads
from vib.services import services
from vib.video import probe

SRC = Path(__file__).parents[2] / "src"


def open_here(paths: Sequence[Path], _: Path) -> Iterator[Photograph | BadPhotograph]:
    """Open photographs in this process, for the others cost more than all the rest."""
    for path in paths:
        try:
            yield open_photograph(path.read_bytes())
        except BadPhotograph as error:
            yield error


class Victim:
    """A process that does what it is told, and is killed where it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def survives(self, work: str, line: int, files: Sequence[str], **given: object) -> bool:
        """Have some work done, and killed before the line with this number, counted from 1.

        Only lines of the files that are named count; whether it came to its end before that one.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"work": work, "line": line, "files": files, "given": given}
        print(json.dumps(order, default=str), file=self._process.stdin, flush=True)
        said = self._process.stdout.readline().strip()
        assert said in ("killed", "done"), said
        return said == "done"


@contextmanager
def victim() -> Iterator[Victim]:
    """Such a process, with this one's environment."""
    with subprocess.Popen(
        [sys.executable, "-m", "harness.killing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{SRC}{os.pathsep}{SRC.parent / 'tests'}"},
    ) as process:
        yield Victim(process)


def _do(order: dict[str, Any], works: dict[str, Callable[..., object]]) -> str:
    """Do what is ordered in a process of its own; how that ended."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        return {signal.SIGKILL: "killed", 0: "done"}.get(status, f"status {status}")
    names = tuple(str(SRC / name) for name in order["files"])
    lines_left = order["line"]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines_left
        if not frame.f_code.co_filename.endswith(names):
            return None
        if event == "line":
            lines_left -= 1
            if not lines_left:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    works[order["work"]](**order["given"])
    os._exit(0)


def _main() -> None:
    # Nothing is written before a file is probed; a process each time would cost more than the rest.
    ingest.probe = probe.probe
    context = services()
    # What takes long is made here once; nothing is connected, which a fork must not share.
    assert context.swf.connection.swf
    faces.open_photographs = open_here
    works: dict[str, Callable[..., object]] = {
        "ingest": lambda path, user_id: ingest.ingest(context, Path(path), UUID(user_id)),
        "append": lambda upload_id, path: uploads.append(context, UUID(upload_id), 0, Path(path)),
        "upload": lambda upload_id, user_id: upload(UploadJob(UUID(upload_id), UUID(user_id))),
        "list friends": lambda user_id: list_friends(FacebookJob(UUID(user_id))),
        "add faces": lambda user_id, batch: add_faces(
            FacebookJob(UUID(user_id)), FriendBatch(*map(UUID, batch))
        ),
        "remove friends": lambda user_id: remove_friends(FacebookJob(UUID(user_id))),
    }
    for order in sys.stdin:
        if "add faces" in order:
            faces._networks()  # once, and not in every process
        sys.stdout.write(f"{_do(json.loads(order), works)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
