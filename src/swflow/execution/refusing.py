"""What a workflow's code cannot begin: threads, sockets, processes.

Python says, by its audit events, what is about to be begun. Where a workflow's code does it, it is
refused there and then; nobody else is concerned. Two of those whom the code calls may do as they
like: logging, whose handlers send their lines away, and imports, as of modules that look at the
network once.
"""

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from swflow.errors import UnsupportedInWorkflow

_ACTIVITY = "put this into an activity and await that"
_REFUSED = {
    "_thread.start_new_thread": ("threads", f"use asyncio.create_task(), or {_ACTIVITY}"),
    "_thread.start_joinable_thread": ("threads", f"use asyncio.create_task(), or {_ACTIVITY}"),
    **dict.fromkeys(
        (
            "socket.__new__",
            "socket.connect",
            "socket.getaddrinfo",
            "socket.gethostbyaddr",
            "socket.gethostbyname",
            "socket.getnameinfo",
        ),
        ("the network", _ACTIVITY),
    ),
    **dict.fromkeys(
        ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"),
        ("processes", _ACTIVITY),
    ),
}
_MAY = frozenset({"logging", "importlib._bootstrap"})


def refuse(what: str, instead: str = _ACTIVITY) -> NoReturn:
    """Say that a workflow cannot use this.

    Raises:
        UnsupportedInWorkflow: always.
    """
    raise UnsupportedInWorkflow(
        f"a workflow cannot use {what}: its code is replayed and must do the same every time; "
        f"{instead}"
    )


@functools.cache
def watch(is_in_workflow: Callable[[], object]) -> None:
    """From now on, refuse in this process what a workflow's code cannot begin.

    Args:
        is_in_workflow: whether it is a workflow's code that is running, on this thread.
    """

    def hook(event: str, _: tuple[Any, ...]) -> None:
        if event in _REFUSED and is_in_workflow() and not _is_for_one_that_may():
            refuse(*_REFUSED[event])

    if sys.version_info < (3, 12):  # later ones say so themselves
        _say_when_threads_start()
    sys.addaudithook(hook)


def _is_for_one_that_may() -> bool:
    frame = sys._getframe(2)  # noqa: SLF001 - a whole stack is slow to collect
    while frame.f_back is not None:
        if frame.f_globals.get("__name__") in _MAY:
            return True
        frame = frame.f_back
    return False


def _say_when_threads_start() -> None:
    start = threading.Thread.start

    @functools.wraps(start)
    def say_and_start(thread: threading.Thread) -> None:
        sys.audit("_thread.start_new_thread")
        start(thread)

    threading.Thread.start = say_and_start  # type: ignore[assignment, method-assign]
