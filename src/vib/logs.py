import logging
import sys

from swflow.telemetry.logs import JsonFormatter


def configure(level: str) -> None:
    """Send every log line of this process to standard error as JSON.

    Standard error is where supervisor and systemd expect it; a file or Loggly is theirs to choose.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
