"""Turns dlib's face recognition network into an ONNX model.

The network is the 29-layer ResNet of dlib's example dnn_face_recognition_ex.cpp: a 7x7 convolution
and a pooling, then fourteen residual blocks of two 3x3 convolutions each, in levels of 32 to 256
channels, an average over what is left of the picture, and a matrix that makes 128 numbers of it.
A block adds its input to its output. The first block of a level halves the picture, so its input is
halved by a pooling before it is added, and whatever is smaller of the two, in channels or in side,
is filled up with zeros.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from vib.faces.dlib_file import Layer, Network

INPUT, OUTPUT = "chips", "embeddings"
_OPSET, _IR_VERSION = 13, 8
_PIXEL_SCALE = 1 / 256  # dlib's, in input_rgb_image_sized


def to_onnx(network: Network) -> onnx.ModelProto:
    """Build the model: `chips`, bytes (n, side, side, 3) RGB, to `embeddings`, floats (n, 128)."""
    graph = _Graph(network)
    layers = list(network.layers)
    while layers:
        layer = layers.pop(0)
        match layer.kind:
            case "con":
                graph.convolve(*_with_affine(layer, layers.pop(0), graph.picture.channels))
            case "relu":
                graph.rectify()
            case "max_pool":
                graph.pool_most(layer)
            case "avg_pool" if layer.size == 0:
                graph.average()
            case "avg_pool":
                graph.halve_shortcut(layer)
            case "add_prev":
                graph.add_shortcut()
            case "fc":
                graph.multiply(layer)
    return graph.model(network.layers[-1].outputs)


def _with_affine(
    convolution: Layer, affine: Layer, channels: int
) -> tuple[Layer, NDArray[np.float32], NDArray[np.float32]]:
    """Return a convolution, its filters and its biases, the affine layer after it worked in."""
    if affine.kind != "affine":
        raise ValueError(f"A convolution is followed by {affine.kind}, not by an affine layer.")
    count = convolution.outputs
    filters = convolution.weights[:-count].reshape(
        count, channels, convolution.size, convolution.size
    )
    biases = convolution.weights[-count:]
    factors, summands = affine.weights[:count], affine.weights[count:]
    return convolution, filters * factors[:, None, None, None], biases * factors + summands


@dataclass(frozen=True)
class _Picture:
    """What flows between two layers: the name of the tensor and its shape."""

    name: str
    channels: int
    side: int


class _Graph:
    """A graph under construction.

    Attributes:
        picture: its end so far.
        shortcut: what the block under construction started from, once it has started.
    """

    def __init__(self, network: Network) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._side = network.side
        mean = np.array(network.mean, np.float32).reshape(1, 3, 1, 1)
        floats = self._node("Cast", INPUT, to=onnx.TensorProto.FLOAT)
        planes = self._node("Transpose", floats, perm=[0, 3, 1, 2])
        centred = self._node("Sub", planes, self._constant(mean))
        scaled = self._node("Mul", centred, self._constant(np.array(_PIXEL_SCALE, np.float32)))
        self.picture = _Picture(scaled, 3, network.side)
        self.shortcut: _Picture | None = None

    def convolve(
        self, layer: Layer, filters: NDArray[np.float32], biases: NDArray[np.float32]
    ) -> None:
        if self.shortcut is None:
            self.shortcut = self.picture
        constants = (self._constant(filters), self._constant(biases))
        name = self._node("Conv", self.picture.name, *constants, **_window(layer))
        self.picture = _Picture(name, layer.outputs, _side_after(layer, self.picture.side))

    def rectify(self) -> None:
        name = self._node("Relu", self.picture.name)
        self.picture = _Picture(name, self.picture.channels, self.picture.side)

    def pool_most(self, layer: Layer) -> None:
        self.picture = self._pooled("MaxPool", self.picture, layer)
        self.shortcut = None

    def halve_shortcut(self, layer: Layer) -> None:
        self.shortcut = self._pooled("AveragePool", self._started(), layer)

    def add_shortcut(self) -> None:
        both = (self.picture, self._started())
        channels = max(part.channels for part in both)
        side = max(part.side for part in both)
        name = self._node("Add", *(self._filled_up(part, channels, side) for part in both))
        self.picture, self.shortcut = _Picture(name, channels, side), None

    def average(self) -> None:
        name = self._node("GlobalAveragePool", self.picture.name)
        self.picture = _Picture(self._node("Flatten", name), self.picture.channels, 1)

    def multiply(self, layer: Layer) -> None:
        matrix = layer.weights.reshape(self.picture.channels, layer.outputs)
        name = self._node("MatMul", self.picture.name, self._constant(matrix))
        self.picture = _Picture(name, layer.outputs, 1)

    def model(self, outputs: int) -> onnx.ModelProto:
        self._nodes.append(helper.make_node("Identity", [self.picture.name], [OUTPUT]))
        shape: list[str | int | None] = ["n", self._side, self._side, 3]
        graph = helper.make_graph(
            self._nodes,
            "dlib_face_recognition_resnet_v1",
            [helper.make_tensor_value_info(INPUT, onnx.TensorProto.UINT8, shape)],
            [helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["n", outputs])],
            self._constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _started(self) -> _Picture:
        if self.shortcut is None:
            raise ValueError("The network adds a shortcut where no block has started.")
        return self.shortcut

    def _pooled(self, operator: str, picture: _Picture, layer: Layer) -> _Picture:
        name = self._node(operator, picture.name, **_window(layer))
        return _Picture(name, picture.channels, _side_after(layer, picture.side))

    def _filled_up(self, picture: _Picture, channels: int, side: int) -> str:
        more = [0, channels - picture.channels, side - picture.side, side - picture.side]
        if not any(more):
            return picture.name
        zeros = self._constant(np.array([0, 0, 0, 0, *more], np.int64))
        return self._node("Pad", picture.name, zeros)

    def _node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _constant(self, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def _window(layer: Layer) -> dict[str, list[int]]:
    return {
        "kernel_shape": [layer.size] * 2,
        "strides": [layer.stride] * 2,
        "pads": [layer.padding] * 4,
    }


def _side_after(layer: Layer, side: int) -> int:
    return (side + 2 * layer.padding - layer.size) // layer.stride + 1
