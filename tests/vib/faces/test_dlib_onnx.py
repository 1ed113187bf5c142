from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vib.faces.dlib_file import Layer, Network, read_network
from vib.faces.dlib_onnx import INPUT, OUTPUT, to_onnx
from vib.faces.models import DLIB_RESNET

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def network() -> Network:
    spec = find_spec(DLIB_RESNET.package)
    assert spec is not None
    assert spec.submodule_search_locations
    return read_network((Path(spec.submodule_search_locations[0]) / DLIB_RESNET.file).read_bytes())


@pytest.fixture(scope="module")
def model(network: Network) -> onnx.ModelProto:
    return to_onnx(network)


def windows(picture: Floats, layer: Layer) -> Floats:
    padding = layer.padding
    padded = np.pad(picture, ((0, 0), (padding, padding), (padding, padding)))
    every = sliding_window_view(padded, (layer.size, layer.size), axis=(1, 2))
    return every[:, :: layer.stride, :: layer.stride]


def convolve(picture: Floats, layer: Layer) -> Floats:
    biases = layer.weights[-layer.outputs :].astype(float)
    shape = (layer.outputs, len(picture), layer.size, layer.size)
    filters = layer.weights[: -layer.outputs].reshape(shape).astype(float)
    return (
        np.einsum("crwij,ocij->orw", windows(picture, layer), filters, optimize=True)
        + (biases[:, None, None])
    )


def add(a: Floats, b: Floats) -> Floats:
    total = np.zeros(np.maximum(a.shape, b.shape))
    for part in (a, b):
        total[tuple(slice(size) for size in part.shape)] += part
    return total


def forward(network: Network, chip: NDArray[np.uint8]) -> Floats:
    """What dlib computes, layer by layer, in double precision."""
    now = ((chip - np.array(network.mean)) / 256).transpose(2, 0, 1)
    layers = list(network.layers)
    start, in_block = now, False
    for layer in layers:
        match layer.kind:
            case "con":
                start, in_block = (start if in_block else now), True
                now = convolve(now, layer)
            case "affine":
                factors, summands = layer.weights.astype(float).reshape(2, -1, 1, 1)
                now = now * factors + summands
            case "relu":
                now = np.maximum(now, 0)
            case "max_pool":
                now, in_block = windows(now, layer).max(axis=(3, 4)), False
            case "avg_pool" if layer.size:
                start = windows(start, layer).mean(axis=(3, 4))
            case "avg_pool":
                now = now.mean(axis=(1, 2))
            case "add_prev":
                now, in_block = add(now, start), False
            case "fc":
                now = now @ layer.weights.reshape(len(now), -1)
    return now


def test_the_model_computes_what_dlib_computes(network: Network, model: onnx.ModelProto) -> None:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    chip = np.random.default_rng(1).integers(0, 256, (150, 150, 3), np.uint8)

    (embedding,) = session.run([OUTPUT], {INPUT: chip[None]})[0]

    assert np.abs(embedding - forward(network, chip)).max() < 1e-4
    assert np.linalg.norm(embedding) > 1  # not all zeros


def test_the_model_takes_any_number_of_chips(model: onnx.ModelProto) -> None:
    (chips,) = model.graph.input
    shape = [dim.dim_param or dim.dim_value for dim in chips.type.tensor_type.shape.dim]

    assert shape == ["n", 150, 150, 3]


def test_a_network_of_another_build_is_refused(network: Network) -> None:
    without_affine = Network(network.mean, network.side, (network.layers[0], network.layers[2]))

    with pytest.raises(ValueError, match="not by an affine layer"):
        to_onnx(without_affine)
