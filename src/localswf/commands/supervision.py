"""Tells systemd how a service of its kind `notify` stands.

Source: sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names.
"""

import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Tell whoever started this process, if they want to know; `state` is such as READY=1."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins with @ is in Linux's abstract namespace.
    name = address.replace("@", "\0", 1) if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            notifier.sendto(state.encode(), name)
    except OSError as error:
        log.warning("NOTIFY_SOCKET %s cannot be told %s: %s.", address, state, error.strerror)
