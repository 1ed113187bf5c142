"""Fetches friends' pictures from where Facebook says that they are."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from vib.errors import VibError
from vib.facebook.download import Answer, TooLong, Unreachable, get

MOST_BYTES = 10_000_000
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class NoPicture(VibError):  # noqa: N818 - named for what is wrong
    """There is no picture there that may be fetched, and trying again would not help."""


class Pictures:
    """Fetches pictures from some hosts and no others: an address is what somebody else says."""

    def __init__(self, graph_url: str, hosts: Sequence[str]) -> None:
        """Take where the Graph API is, which may show pictures itself, and domains that may.

        Of the domains and of the hosts below them, pictures are fetched by HTTPS alone.
        """
        self._graph = urlsplit(graph_url)[:2]
        self._hosts = tuple(hosts)

    def fetch(self, uri: str, path: Path) -> None:
        """Write the picture at `uri` to a file.

        Raises:
            NoPicture: there is none, or it is elsewhere, or larger than MOST_BYTES.
            Unreachable: the host has trouble; trying again may help.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._get(uri)
            if answer.status not in _REDIRECTS:
                path.write_bytes(_content(answer))
                return
            uri = _there(uri, answer.headers.get("Location", ""))
        raise NoPicture("The picture is always somewhere else.")

    def _get(self, uri: str) -> Answer:
        parts = _parts(uri)
        if not self._is_allowed(parts):
            raise NoPicture(f"Pictures are not fetched from {parts.netloc[:100]!r}.")
        try:
            return get(uri, MOST_BYTES)
        except TooLong as error:
            raise NoPicture(str(error)) from None

    def _is_allowed(self, parts: SplitResult) -> bool:
        if parts[:2] == self._graph:
            return True
        host = parts.hostname or ""
        below = any(host == each or host.endswith(f".{each}") for each in self._hosts)
        return parts.scheme == "https" and parts.netloc == host and below


def _there(uri: str, location: str) -> str:
    """Where an answer leads to, which came from `uri`."""
    try:
        return urljoin(uri, location)
    except ValueError as error:
        raise NoPicture("The picture is at no address.") from error


def _parts(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise NoPicture("The picture is at no address.") from error


def _content(answer: Answer) -> bytes:
    if answer.status == 429 or answer.status >= 500:  # noqa: PLR2004
        raise Unreachable(f"Pictures are not to be had now: status {answer.status}.")
    if answer.status != 200:  # noqa: PLR2004
        raise NoPicture(f"There is no picture: status {answer.status}.")
    if not answer.headers.get("Content-Type", "image/").lower().startswith("image/"):
        raise NoPicture("What is there is no picture.")
    return answer.body
