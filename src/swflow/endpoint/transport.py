"""Calls to Amazon SWF without boto3's cost, configured by a boto3 client and as it would make them.

The calls that a process makes for every task (polls, answers, heartbeats) cost boto3 1.5 to 2 ms
of CPU each, and here a tenth of that: a connection that stays, JSON, a signature. Where the
endpoint is, who may call, how long to wait and how often to try come from a boto3 client; errors
are botocore's. Two things differ: parameters are not validated before they are sent, and times in
answers are numbers, seconds since the epoch.
"""

import json
import ssl
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import orjson
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.parsers import create_parser
from botocore.utils import get_environ_proxies

from swflow.endpoint.address import Address, ProxyRefusalError
from swflow.endpoint.answer import Answer
from swflow.endpoint.retrying import delays, is_passing
from swflow.endpoint.signing import Credentials, Signer
from swflow.endpoint.stopping import Stop
from swflow.endpoint.wire import Wire
from swflow.errors import SwflowError
from swflow.telemetry import metrics

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

_CONTENT_TYPE = "application/x-amz-json-1.0"
_OK = 200
_REDIRECTED = 301
_ATTEMPTS = 3  # botocore's, in its standard mode


class Transport:
    """The way to one endpoint, for all threads of a process.

    Args:
        client: says where the endpoint is, and how often and how long to try.
        credentials: what signs.
        ca_bundle: a file of certificates to trust; botocore's own if left out.
    """

    def __init__(
        self, client: "SWFClient", credentials: Credentials | None, ca_bundle: str | None = None
    ) -> None:
        meta, config = client.meta, cast("Any", client.meta.config)
        self._exceptions = client.exceptions
        self.endpoint_url = meta.endpoint_url
        self._ca_bundle = ca_bundle
        self.timeout = float(config.read_timeout)
        self._attempts = (config.retries or {}).get("total_max_attempts", _ATTEMPTS)
        self._address = Address(
            urlsplit(self.endpoint_url),
            float(config.connect_timeout),
            lambda: self._tls,
            _proxy(self.endpoint_url),
        )
        host, path = self._address.host, self._address.url.path or "/"
        self._signer = Signer(credentials, meta.region_name, host, path)
        self._prefix = meta.service_model.metadata["targetPrefix"]
        self._head = (
            f"POST {self._address.target} HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: {_CONTENT_TYPE}\r\nUser-Agent: {config.user_agent}\r\n"
        )
        if self._address.url.scheme == "http":
            self._head += self._address.proxy_header
        self._idle: list[Wire] = []

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an operation; what a failure may not repeat is tried again, as boto3 does.

        Args:
            operation: by its name, as in RespondActivityTaskCompleted.
            parameters: what botocore would take.

        Raises:
            ClientError: the endpoint said no.
            BotoCoreError: there was no answer.
        """
        waits = delays()
        for _ in range(self._attempts - 1):
            try:
                return self.call_once(operation, parameters, self.timeout)
            except (BotoCoreError, ClientError) as error:
                if not is_passing(error):
                    raise
                time.sleep(next(waits))
        return self.call_once(operation, parameters, self.timeout)

    def call_once(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        timeout: float,
        stop: Stop | None = None,
    ) -> dict[str, Any]:
        """Carry out an operation, without a second try.

        Args:
            operation: by its name.
            parameters: what botocore would take.
            timeout: how many seconds the answer may take.
            stop: hang up when stopping is asked for.

        Raises:
            ClientError: the endpoint said no.
            BotoCoreError: there was no answer.
        """
        request = self.request(operation, parameters)
        try:
            wire = self._idle.pop()
        except IndexError:
            wire = self.wire()
        try:
            answer = wire.exchange(request, timeout, stop)
        except OSError as error:
            wire.close()
            raise self.explained(error) from error
        except BaseException:
            wire.close()
            raise
        if stop is not None and stop.requested():
            wire.close()
        self._idle.append(wire)
        return self.read(operation, answer)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    # What goes over a connection, for those who look after it themselves.

    def wire(self) -> Wire:
        """A new connection to the endpoint."""
        return Wire(self._address)

    def request(self, operation: str, parameters: Mapping[str, Any]) -> bytes:
        """A signed request."""
        body = json.dumps(parameters).encode()
        target = f"{self._prefix}.{operation}"
        signed = self._signer.sign(_CONTENT_TYPE, target, body)
        head = f"{self._head}X-Amz-Target: {target}\r\n{signed}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("latin-1") + body

    def read(self, operation: str, answer: Answer) -> dict[str, Any]:
        """What an answer says.

        Raises:
            ClientError: that the endpoint said no, in the class that boto3 has for the fault.
            BotoCoreError: it is no answer of Amazon SWF.
        """
        if answer.status == _OK:
            try:
                result: dict[str, Any] = _decoded(answer.body) if answer.body else {}
            except ValueError as error:
                raise ConnectionClosedError(endpoint_url=self.endpoint_url, error=error) from error
            metrics.called(operation, "ok")
            return result
        parsed = create_parser("json").parse(
            {
                "status_code": max(answer.status, _REDIRECTED),
                "headers": answer.headers(),
                "body": answer.body,
            },
            cast("Any", None),  # errors have no shape
        )
        metrics.called(operation, parsed["Error"]["Code"])
        fault: Any = self._exceptions.from_code(parsed["Error"]["Code"])
        raise fault(parsed, operation)

    def explained(self, error: OSError) -> BotoCoreError:
        """A failed connection as botocore puts it."""
        metrics.lost(error)
        where: dict[str, Any] = {"endpoint_url": self.endpoint_url, "error": error}
        if isinstance(error, ssl.SSLError):
            return SSLError(**where)
        if isinstance(error, ProxyRefusalError):
            return HTTPClientError(error=error)
        if isinstance(error, ConnectionRefusedError):
            return EndpointConnectionError(**where)
        kind = ReadTimeoutError if isinstance(error, TimeoutError) else ConnectionClosedError
        return kind(**where)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_bundle or get_cert_path(True))


def _decoded(body: bytes) -> Any:
    """What an answer's JSON says, by orjson: it takes a third of the time of Python's own.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(body)
    except ValueError:  # it may be half a surrogate pair that it does not like
        return json.loads(body)


def _proxy(url: str) -> Any:
    found = get_environ_proxies(url).get(urlsplit(url).scheme)
    if not found:
        return None
    proxy = urlsplit(found if "//" in found else f"http://{found}")
    if proxy.scheme != "http":
        raise SwflowError(
            f"the proxy {proxy.scheme}://{proxy.hostname} is not one to reach by HTTP"
        )
    return proxy
