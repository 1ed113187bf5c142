"""The way to an SWF endpoint, as boto3's users configure it."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import get_session

from swflow.endpoint.transport import Transport
from swflow.errors import SwflowError
from swflow.values.payloads import PLAIN, Payloads
from swflow.values.sealing import Sealer

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

_CONFIG = Config(connect_timeout=10, read_timeout=30, max_pool_connections=4)


@dataclass(frozen=True, slots=True)
class _Way:
    client: "SWFClient"
    transport: Transport


class Connection:
    """A domain at an endpoint, for every process that wants to talk to it.

    Region, endpoint, credentials, certificates, proxies and the number of attempts are those of
    boto3's configuration. A service on this machine needs no account: where no credentials or
    region are configured, a loopback endpoint gets made-up ones.

    Attributes:
        domain: the domain's name.
        payloads: how its payloads travel.
        sealer: what they pass on their way.
    """

    def __init__(
        self,
        domain: str,
        endpoint_url: str | None,
        region: str | None,
        profile: str | None,
        payloads: Payloads = PLAIN,
    ) -> None:
        self.domain = domain
        self.payloads = payloads
        self.sealer = Sealer(domain, payloads)
        self._endpoint_url = endpoint_url
        self._region = region
        self._profile = profile
        # Neither way may cross a fork: its sockets would be shared.
        self._ways: dict[int, _Way] = {}

    @property
    def swf(self) -> "SWFClient":
        """This process's boto3 client, for what is done now and then.

        Raises:
            SwflowError: no region, no such profile or no such endpoint is configured.
        """
        return self._way().client

    @property
    def transport(self) -> Transport:
        """This process's way for what is done for every task.

        Raises:
            SwflowError: no region, no such profile or no such endpoint is configured.
        """
        return self._way().transport

    def _way(self) -> _Way:
        process = os.getpid()
        if process not in self._ways:
            try:
                self._ways = {process: self._open()}
            except (BotoCoreError, ValueError) as error:  # the latter for an endpoint that is none
                raise SwflowError(f"cannot connect to Amazon SWF: {error}") from error
        return self._ways[process]

    def _open(self) -> _Way:
        core = get_session()
        local = self._is_local()
        if local:
            # Asking the machine's cloud who it is takes a second where there is no cloud.
            core.get_component("credential_provider").remove("iam-role")
        session = boto3.Session(
            botocore_session=core, profile_name=self._profile, region_name=self._region
        )
        credentials = session.get_credentials()
        made_up = local and credentials is None
        client = session.client(
            "swf",
            endpoint_url=self._endpoint_url,
            region_name=session.region_name or ("us-east-1" if local else None),
            aws_access_key_id="local" if made_up else None,
            aws_secret_access_key="local" if made_up else None,
            config=_CONFIG,
        )
        signs = Credentials("local", "local") if made_up else credentials
        return _Way(client, Transport(client, signs, core.get_config_variable("ca_bundle")))

    def _is_local(self) -> bool:
        given = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL_SWF")
        return given is not None and _is_loopback(given)

    def __str__(self) -> str:
        return f"domain {self.domain!r} at {self.swf.meta.endpoint_url}"


def identity() -> str:
    """Who this process is, in histories."""
    return f"{socket.gethostname()}:{os.getpid()}"[:256]


def _is_loopback(endpoint_url: str) -> bool:
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
