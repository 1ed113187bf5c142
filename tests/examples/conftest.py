"""Examples, and a service for them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from harness.example import Example, open_example
from harness.swf_server import SwfServer
from swflow import Client

OpenExample = Callable[..., Example]


@pytest.fixture
def example(swf_server: SwfServer) -> Iterator[OpenExample]:
    """Opens an example by its name, with more for its environment."""
    with ExitStack() as opened:
        yield lambda name, **more: opened.enter_context(
            closing(open_example(name, swf_server.endpoint_url, **more))
        )


@pytest.fixture
def client(swf_server: SwfServer) -> Callable[..., Client]:
    """Opens a domain of the examples' service."""
    return lambda domain, **more: Client(domain, endpoint_url=swf_server.endpoint_url, **more)
