from importlib.util import find_spec
from pathlib import Path

import pytest

from vib.faces.dlib_file import Network, read_network
from vib.faces.models import DLIB_RESNET


@pytest.fixture(scope="module")
def data() -> bytes:
    spec = find_spec(DLIB_RESNET.package)
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / DLIB_RESNET.file).read_bytes()


@pytest.fixture(scope="module")
def network(data: bytes) -> Network:
    return read_network(data)


def test_says_what_pictures_the_network_takes(network: Network) -> None:
    assert network.mean == pytest.approx((122.782, 117.001, 104.298))
    assert network.side == 150


def test_reads_every_layer_of_the_resnet(network: Network) -> None:
    convolutions = [layer.outputs for layer in network.layers if layer.kind == "con"]

    assert convolutions == [32] * 7 + [64] * 8 + [128] * 6 + [256] * 8
    assert sum(layer.kind == "add_prev" for layer in network.layers) == 14
    assert network.layers[-1].kind == "fc"
    assert network.layers[-1].outputs == 128


def test_weights_of_a_convolution_are_its_filters_and_its_biases(network: Network) -> None:
    first = network.layers[0]

    assert (first.size, first.stride, first.padding) == (7, 2, 0)
    assert first.weights.size == 32 * 3 * 7 * 7 + 32


def test_a_file_that_ends_early_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends early"):
        read_network(data[: len(data) // 2])


def test_a_file_with_something_behind_its_end_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"ends early|not known"):
        read_network(data + b"\x01\x05hello")


def test_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a network of dlib's"):
        read_network(b"\x01\x01\x01\x05hello")
