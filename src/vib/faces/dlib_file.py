"""Reads the file in which dlib keeps its face recognition network, without dlib.

How dlib serialises (dlib/serialize.h, float_details.h, cuda/tensor.h, dnn/core.h, dnn/layers.h):

- An integer is a control byte, whose low four bits count the bytes that follow (little endian) and
  whose high bit is the sign. A string is its length and its bytes. A truth value is "0" or "1". A
  floating-point number is two integers: mantissa, and exponent of two. A tensor is a version, four
  integers (samples, channels, rows, columns), and its values as raw little-endian 32-bit floats.
- A network is written from the outside in: the loss, then a version number for every layer down to
  the input, then the input. What the layers hold follows from the input outwards. Layers that only
  mark the start or the end of a shortcut leave nothing but their version number.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LAYER_VERSIONS = (1, 2, 3)


@dataclass(frozen=True)
class Layer:
    """One computing layer.

    Attributes:
        kind: `con`, `affine`, `relu`, `max_pool`, `avg_pool`, `add_prev` or `fc`.
        weights: its parameters in a row: a convolution's filters and then its biases, an affine
            layer's factors and then its summands, one of each per channel.
        size: side of a convolution's or pooling's window; 0 is the whole picture.
        stride: step of the window.
        padding: zeros around the picture.
        outputs: channels that a convolution makes, numbers that a matrix makes.
    """

    kind: str
    weights: NDArray[np.float32]
    size: int = 0
    stride: int = 0
    padding: int = 0
    outputs: int = 0


@dataclass(frozen=True)
class Network:
    """A network as its file describes it.

    Attributes:
        mean: what is subtracted from red, green and blue.
        side: height and width of the pictures it takes, in pixels.
        layers: from the input to the output.
    """

    mean: tuple[float, float, float]
    side: int
    layers: tuple[Layer, ...]


def read_network(data: bytes) -> Network:
    """Read a network that ends in a metric loss and takes colour pictures of one size.

    Raises:
        ValueError: the bytes are something else.
    """
    return _Reader(data).network()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def network(self) -> Network:
        self._integer()  # the loss's version
        self._expect("loss_metric_2")
        self._numbers(2)  # margin and threshold, which only matter in training
        while (length := self._integer()) in _LAYER_VERSIONS:
            pass
        if self._take(length) != b"input_rgb_image_sized":
            raise ValueError("The network does not take colour pictures of one size.")
        red, green, blue = self._numbers(3)
        rows, columns = self._integers(2)
        if rows != columns:
            raise ValueError(f"The network takes {columns}x{rows} pictures, which are not square.")
        return Network((red, green, blue), rows, tuple(self._layers()))

    def _layers(self) -> Iterator[Layer]:
        innermost = True
        while self._at < len(self._data):
            yield self._layer()
            self._take(3)  # truth values: set up, gradient is stale, output is kept
            for _ in range(3):  # what training leaves behind: gradients, the last output
                self._tensor()
            if innermost:
                self._integer()  # how many samples one picture becomes
                innermost = False

    def _layer(self) -> Layer:
        name = self._string()
        match name.rstrip("_0123456789"):
            case "con":
                weights = self._tensor()
                outputs, rows, _, stride, _, padding, _ = self._integers(7)
                self._views(2)
                self._numbers(4)  # multipliers that matter in training
                return Layer("con", weights, rows, stride, padding, outputs)
            case "affine":
                weights = self._tensor()
                self._views(2)
                self._integer()  # for convolutions or for matrices; the channels tell
                return Layer("affine", weights)
            case "max_pool" | "avg_pool" as kind:
                rows, _, stride, _, padding, _ = self._integers(6)
                return Layer(kind, np.empty(0, np.float32), rows, stride, padding)
            case "relu" | "add_prev" as kind:
                return Layer(kind, np.empty(0, np.float32))
            case "fc":
                outputs, _ = self._integers(2)
                weights = self._tensor()
                self._views(2)
                self._integer()  # with or without biases; the number of weights tells
                self._numbers(4)
                return Layer("fc", weights, outputs=outputs)
        raise ValueError(f"The network has a layer {name!r}, which is not known here.")

    def _views(self, count: int) -> None:
        """Skip descriptions of parts of a layer's weights, whose sizes follow from the rest."""
        for _ in range(count):
            self._integers(5)

    def _tensor(self) -> NDArray[np.float32]:
        _, *shape = self._integers(5)
        return np.frombuffer(self._take(4 * math.prod(shape)), "<f4").astype(np.float32)

    def _numbers(self, count: int) -> list[float]:
        return [math.ldexp(*self._integers(2)) for _ in range(count)]

    def _integers(self, count: int) -> list[int]:
        return [self._integer() for _ in range(count)]

    def _integer(self) -> int:
        control = self._take(1)[0]
        value = int.from_bytes(self._take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def _string(self) -> str:
        return self._take(self._integer()).decode("ascii")

    def _expect(self, text: str) -> None:
        if self._string() != text:
            raise ValueError(f"The file is not a network of dlib's that starts with {text!r}.")

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise ValueError(f"The file ends early, in what starts at byte {self._at}.")
        self._at += count
        return self._data[self._at - count : self._at]
