import json
import signal
import time
from pathlib import Path

from vib.local.machine import machine, only_user_of
from vib.local.run import OWNER, owner_of

SECONDS_BETWEEN_LOOKS = 0.5


def serve(folder: Path, *, port: int, notify_url: str | None = None) -> int:
    """Run every part of the pipeline on this machine until Ctrl-C, taking files in over HTTP.

    Everything is kept in `folder`, and goes on where it was when it is started again.

    Args:
        folder: where databases, results, secrets and logs are kept.
        port: Popeye's.
        notify_url: where a web application hears of videos; what it would hear is printed, if this
            is left out.

    Returns:
        The exit status.

    Raises:
        VibError: another process is using the folder, or something that has to be there ended.
    """
    folder = folder.resolve()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with only_user_of(folder), machine(folder, notify_url) as here:
            owner_of(here.context)
            _say(f"Popeye    {here.start_all(port)}")
            _say(f"Logs      {folder / 'logs'}")
            _say(f"Settings  {folder / 'env'}; with them, in another terminal:")
            _say(f"          set -a; . {folder / 'env'}; vib token --user {OWNER}")
            while True:
                here.check()
                while not here.web.messages.empty():
                    heard = json.dumps(here.web.messages.get())
                    _say(f"The web application heard: {heard}")
                time.sleep(SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        _say("Stopped. The same command goes on from here.")
        return 0


def _say(line: str) -> None:
    # Rich would print again what it was printing when a signal came.
    print(line, flush=True)  # noqa: T201 - for people
