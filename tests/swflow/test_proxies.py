"""The light transport over https and through proxies, as boto3 goes."""

import base64
import json
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import HTTPClientError, SSLError

from swflow import SwflowError
from swflow.endpoint.connection import Connection
from tests.swflow.endpoint import HOST, OK, Endpoint, answered, transport


@pytest.fixture(autouse=True)
def no_exception_from_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-days", "2", "-subj", "/CN=here", "-addext", f"subjectAltName=IP:{HOST}"]
    made += ["-keyout", str(path.with_name("key.pem")), "-out", str(path)]
    subprocess.run(made, check=True, capture_output=True)
    return path


def secured(endpoint: Endpoint, certificate: Path) -> Endpoint:
    endpoint.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    endpoint.tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return endpoint


def test_https_trusts_what_boto3_trusts(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"a": "x" * 500_000}).encode()
    endpoint = secured(Endpoint(answered(body), OK), certificate)
    with endpoint.running() as url:
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            transport(url).call_once("X", {}, timeout=5)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        given = transport(url)
        assert len(given.call_once("X", {"y": "z" * 500_000}, timeout=5)["a"]) == 500_000
        assert given.call_once("X", {}, timeout=5) == {}
        given.close()
    assert endpoint.connections == 2


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Endpoint(OK)
    with proxy.running():
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@{HOST}:{proxy.port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        there = Connection("films", "http://swf.example:8080", "us-east-1", None)
        there.transport.call_once("X", {}, timeout=5)
    ((first, headers, _),) = proxy.requests
    assert first == "POST http://swf.example:8080/ HTTP/1.1"
    assert headers["host"] == "swf.example:8080"
    assert base64.b64decode(headers["proxy-authorization"].removeprefix("Basic ")) == b"me:p@ss"


def test_https_goes_through_a_proxys_tunnel(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = secured(Endpoint(answered(b'{"a": 1}')), certificate)
    proxy = Endpoint(lambda connected: tunnel(connected, endpoint.port))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with proxy.running(), endpoint.running() as url:
        monkeypatch.setenv("https_proxy", f"http://{HOST}:{proxy.port}")
        given = transport(url)
        assert given.call_once("X", {}, timeout=5) == {"a": 1}
        given.close()
    assert proxy.requests[0][0] == f"CONNECT {HOST}:{endpoint.port} HTTP/1.1"


def test_a_proxy_that_refuses_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Endpoint(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    with proxy.running():
        monkeypatch.setenv("https_proxy", f"{HOST}:{proxy.port}")
        with pytest.raises(HTTPClientError, match="403 Forbidden"):
            transport("https://127.0.0.1:1").call_once("X", {}, timeout=5)
        monkeypatch.setenv("https_proxy", "https://127.0.0.1:1")
        with pytest.raises(SwflowError, match="proxy"):
            transport("https://127.0.0.1:1")


def tunnel(connected: socket.socket, port: int) -> None:
    """What a proxy does after CONNECT."""
    with socket.create_connection((HOST, port)) as there:
        connected.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        back = threading.Thread(target=pass_on, args=(there, connected))
        back.start()
        pass_on(connected, there)
        back.join(30)
