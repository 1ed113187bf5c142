"""The way to an SWF endpoint: boto3 clients, and patience with one that is away for a while."""

import ipaddress
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.session import get_session

from swflow.errors import SwflowError

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

T = TypeVar("T")

_log = logging.getLogger(__name__)

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "SlowDown"}
)
_SERVER_ERRORS = 500
_LASTING = (NoCredentialsError, NoRegionError, ParamValidationError, PartialCredentialsError)
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 10.0


class Connection:
    """A domain at an endpoint, for every process that wants to talk to it.

    A service on this machine needs no account: where no credentials or region are configured,
    a loopback endpoint gets made-up ones.
    """

    def __init__(
        self, domain: str, endpoint_url: str | None, region: str | None, profile: str | None
    ) -> None:
        self.domain = domain
        self._endpoint_url = endpoint_url
        self._region = region
        self._profile = profile
        # A boto3 client must not cross a fork: its sockets would be shared.
        self._clients: dict[int, SWFClient] = {}

    @property
    def swf(self) -> "SWFClient":
        """This process's client for everything but long polls."""
        process = os.getpid()
        if process not in self._clients:
            config = Config(
                connect_timeout=10,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=4,
            )
            self._clients = {process: self.open(config)}
        return self._clients[process]

    def open(self, config: Config) -> "SWFClient":
        """A new client with this configuration.

        Raises:
            SwflowError: no region, or no such profile, is configured.
        """
        core = get_session()
        local = self._endpoint_url is not None and _is_loopback(self._endpoint_url)
        if local:
            # Asking the machine's cloud who it is takes a second where there is no cloud.
            core.get_component("credential_provider").remove("iam-role")
        try:
            session = boto3.Session(
                botocore_session=core, profile_name=self._profile, region_name=self._region
            )
            made_up = local and session.get_credentials() is None
            return session.client(
                "swf",
                endpoint_url=self._endpoint_url,
                region_name=session.region_name or ("us-east-1" if local else None),
                aws_access_key_id="local" if made_up else None,
                aws_secret_access_key="local" if made_up else None,
                config=config,
            )
        except BotoCoreError as error:
            raise SwflowError(f"cannot connect to Amazon SWF: {error}") from error

    def __str__(self) -> str:
        return f"domain {self.domain!r} at {self.swf.meta.endpoint_url}"


def identity() -> str:
    """Who this process is, in histories."""
    return f"{socket.gethostname()}:{os.getpid()}"[:256]


def code(error: ClientError) -> str:
    """The name of a fault, as in UnknownResourceFault."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_passing(error: Exception) -> bool:
    """Whether an error of a call goes away by itself: a lost connection, a 5xx, throttling."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERRORS or code(error) in _THROTTLED
    return isinstance(error, BotoCoreError) and not isinstance(error, _LASTING)


def delays() -> Iterator[float]:
    """How many seconds to wait before each further try: longer and longer, never the same."""
    longest = _FIRST_DELAY
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        longest = min(longest * 2, _LONGEST_DELAY)


def persistently(call: Callable[[], T], what: str, patience: timedelta) -> T:
    """Make a call, again and again while the endpoint is away.

    Args:
        call: what to do.
        what: names the call in the log.
        patience: how long to go on trying.

    Raises:
        ClientError: the endpoint said no.
        BotoCoreError: the endpoint was away for longer than the patience.
    """
    deadline = time.monotonic() + patience.total_seconds()
    waits = delays()
    while True:
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            wait = next(waits)
            if not is_passing(error) or time.monotonic() + wait > deadline:
                raise
            _log.warning("%s: %s; trying again in %.1f s", what, error, wait)
            time.sleep(wait)


def _is_loopback(endpoint_url: str) -> bool:
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
