import ctypes
import json
import logging
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from vib.errors import BadVideo

_log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds between two looks at whether the work is still wanted
_OPEN_FILES = 64
_GRACE = 5  # seconds
_LONGEST_ANSWER = 4_000_000  # bytes
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_TOO_MUCH = {
    signal.SIGXCPU: "it needs more computing time than a video of its length may",
    signal.SIGXFSZ: "what would be made of it is too large",
}


@dataclass(frozen=True)
class Limits:
    """What a process may use.

    Attributes:
        memory: bytes of address space.
        cpu: seconds of CPU time, all threads together.
        file: bytes that any one file it writes may have.
        seconds: how long it may take.
        silence: seconds that it may go on without a sign of life.
    """

    memory: int
    cpu: int
    file: int
    seconds: float
    silence: float


class Sandbox:
    """Runs a module in a process of its own that ends when this one wants or dies.

    It is for work on files of strangers. The process knows none of this one's environment, so no
    secret, and whatever happens to it this process goes on.
    """

    def __init__(self, module: str, limits: Limits) -> None:
        """Take the module, which calls `serve`, and what it may use."""
        self._module = module
        self._limits = limits

    def run(self, name: str, request: object, progress: Callable[[float], None]) -> Any:
        """Have a request answered; both are what JSON can say.

        Args:
            name: what the work is on, for the sentences of errors.
            request: what `serve`'s function is called with.
            progress: called with 0 to 1, at least about once a second. What it raises ends the
                process and is passed on.

        Raises:
            BadVideo: the work is impossible, or needs more than the limits, or crashes.
            OSError: the machine is in the way: a disk is full, the process was killed.
        """
        with TemporaryFile() as errors:
            child = self._start(errors, request)
            try:
                answer = self._follow(child, name, progress)
                if answer is None:
                    status = child.wait(_GRACE)
                    _log.error("A sandbox ended with %d: %s", status, _last_of(errors))
                    raise _failure(name, status)
            finally:
                _end(child)
        return _opened(answer)

    def _start(self, errors: IO[bytes], request: object) -> "subprocess.Popen[bytes]":
        limits = self._limits
        command = [sys.executable, "-m", self._module, str(os.getpid())]
        command += [str(limit) for limit in (limits.memory, limits.cpu, limits.file)]
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            start_new_session=True,
        )
        assert child.stdin is not None  # noqa: S101 - it is a pipe
        # Should it be gone already, then its end says why.
        with suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(json.dumps(request).encode())
        return child

    def _follow(
        self, child: "subprocess.Popen[bytes]", name: str, progress: Callable[[float], None]
    ) -> dict[str, Any] | None:
        """Pass progress on until the answer comes, or none ever will."""
        end = time.monotonic() + self._limits.seconds
        heard, fraction = time.monotonic(), 0.0
        for line in _lines(child):
            now = time.monotonic()
            if line:
                heard, message = now, json.loads(line)
                if "progress" not in message:
                    return dict(message)
                fraction = message["progress"]
            if now > end:
                raise BadVideo(f"{name} cannot be processed: it takes too long.")
            if now > heard + self._limits.silence:
                raise BadVideo(f"{name} cannot be processed: the work on it is stuck.")
            progress(fraction)
        return None


def serve(work: Callable[[Any, Callable[[float], None]], object]) -> None:
    """Be the process of a sandbox: answer the one request with `work(request, progress)`."""
    parent, memory, cpu, file = map(int, sys.argv[1:5])
    _confine(parent, Limits(memory, cpu, file, seconds=0, silence=0))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer

    def tell(**message: object) -> None:
        print(json.dumps(message), file=answers, flush=True)

    try:
        result = work(json.load(sys.stdin), lambda fraction: tell(progress=fraction))
    except BadVideo as error:
        tell(bad=str(error))
    except MemoryError:
        tell(memory=memory)
    except OSError as error:
        tell(errno=error.errno, text=str(error))
    else:
        tell(result=result)


def tighten(*, cpu: float, file: float) -> None:
    """Lower this process's limits once it is known how much work there is."""
    for what, limit in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_FSIZE, file)):
        soft, hard = resource.getrlimit(what)
        resource.setrlimit(what, (min(int(limit), soft), hard))


def _confine(parent: int, limits: Limits) -> None:
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be said
        sys.exit(1)
    # Should the machine's memory run out, this process goes before any other.
    Path("/proc/self/oom_score_adj").write_text("1000")
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    for what, limit in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    # At the hard limit the signal is SIGKILL, which says nothing.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + _GRACE))


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # One arena of memory, and one thread of numpy: each more is address space.
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _lines(child: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """Yield what the child writes, line by line; nothing at least once a second."""
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    rest = b""
    with child.stdout as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(_LOOK):
                yield b""
                continue
            chunk = os.read(pipe.fileno(), 65536)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from filter(None, lines)
            if not chunk or len(rest) > _LONGEST_ANSWER:
                return


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _failure(name: str, status: int) -> Exception:
    """Return what it means that the process ended so."""
    number = -status
    if number in _TOO_MUCH:
        return BadVideo(f"{name} cannot be processed: {_TOO_MUCH[signal.Signals(number)]}.")
    if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        return ChildProcessError(f"The work on {name} was killed; memory may have run out.")
    if number > 0:
        return BadVideo(f"{name} is damaged in a way that crashes its decoder.")
    return ChildProcessError(f"The work on {name} ended with status {status}; the log says why.")


def _opened(answer: dict[str, Any]) -> Any:
    """Return the result in an answer, or raise what is in there instead."""
    if "bad" in answer:
        raise BadVideo(answer["bad"])
    if "memory" in answer:
        megabytes = answer["memory"] // 2**20
        raise BadVideo(f"The video needs more memory than the {megabytes} MB allowed.")
    if "errno" in answer:
        raise OSError(answer["errno"], answer["text"])
    return answer["result"]


def _last_of(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
    return errors.read().decode(errors="replace")
