import base64
import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from harness.aws_json import FaultError, JsonService
from vib.faces.align import cut_chip
from vib.faces.detect import Detection, Detector
from vib.faces.embed import Embedder

_IDS = re.compile(r"[a-zA-Z0-9_.\-:]{1,255}")
_LEAST_SIDE, _MOST_BYTES = 80, 5_242_880
_PAGE = 3  # small, so that there are pages


@dataclass(frozen=True, eq=False)
class _Face:
    face_id: str
    external_id: str
    picture: str
    embedding: NDArray[np.float32]

    @property
    def described(self) -> dict[str, str]:
        return {"FaceId": self.face_id, "ExternalImageId": self.external_id}


class Rekognition(JsonService):
    """Amazon Rekognition's collections, with this project's networks in place of Amazon's.

    Attributes:
        collections: the faces in each.
    """

    def __init__(self, detector: Detector, embedder: Embedder) -> None:
        super().__init__()
        self.collections: dict[str, list[_Face]] = {}
        self._detector = detector
        self._embedder = embedder

    def create_collection(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["CollectionId"]
        if name in self.collections:
            raise FaultError("ResourceAlreadyExistsException")
        if not _IDS.fullmatch(name) or ":" in name:
            raise FaultError("InvalidParameterException", "CollectionId")
        self.collections[name] = []
        return {"StatusCode": 200}

    def delete_collection(self, request: dict[str, Any]) -> dict[str, Any]:
        self._collection(request)
        del self.collections[request["CollectionId"]]
        return {"StatusCode": 200}

    def index_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        collection = self._collection(request)
        external_id = request["ExternalImageId"]
        if not _IDS.fullmatch(external_id):
            raise FaultError("InvalidParameterException", "ExternalImageId")
        image, digest = _image(request)
        found = sorted(self._detector.detect(image), key=_size, reverse=True)
        for face in found[: request["MaxFaces"]]:
            known = [(other.picture, other.external_id) for other in collection]
            if (digest, external_id) not in known:
                embedding = self._embedded(image, face)
                collection.append(_Face(str(uuid4()), external_id, digest, embedding))
        records = [{"Face": face.described} for face in collection if face.picture == digest]
        return {"FaceRecords": records, "UnindexedFaces": []}

    def list_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        collection = self._collection(request)
        start = int(request.get("NextToken", 0))
        page = [face.described for face in collection[start : start + _PAGE]]
        more = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(collection) else {}
        return {"Faces": page, **more}

    def delete_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        collection = self._collection(request)
        collection[:] = [face for face in collection if face.face_id not in request["FaceIds"]]
        return {"DeletedFaces": request["FaceIds"]}

    def search_faces_by_image(self, request: dict[str, Any]) -> dict[str, Any]:
        collection = self._collection(request)
        image, _ = _image(request)
        found = self._detector.detect(image)
        if not found:
            raise FaultError("InvalidParameterException", "There are no faces in the image.")
        looks = self._embedded(image, max(found, key=_size))
        matches = [
            {"Similarity": similarity, "Face": face.described}
            for face in collection
            if (similarity := _similarity(face.embedding, looks)) >= request["FaceMatchThreshold"]
        ]
        matches.sort(key=lambda match: -match["Similarity"])
        return {"FaceMatches": matches[: request["MaxFaces"]]}

    def detect_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        image, _ = _image(request)
        height, width = image.shape[:2]
        names = ("Left", "Top", "Width", "Height")
        units = (width, height, width, height)
        details = [
            {
                "BoundingBox": {
                    name: value / unit
                    for name, value, unit in zip(names, face.box, units, strict=True)
                },
                # Amazon's is near 100 for whatever is a face.
                "Confidence": 100 * min(1.0, face.score + 0.15),
            }
            for face in self._detector.detect(image)
        ]
        return {"FaceDetails": details}

    def _collection(self, request: dict[str, Any]) -> list[_Face]:
        try:
            return self.collections[request["CollectionId"]]
        except KeyError:
            raise FaultError("ResourceNotFoundException") from None

    def _embedded(self, image: NDArray[np.uint8], face: Detection) -> NDArray[np.float32]:
        embedding: NDArray[np.float32] = self._embedder.embed(
            cut_chip(image, face.landmarks)[None]
        )[0]
        return embedding


def _image(request: dict[str, Any]) -> tuple[NDArray[np.uint8], str]:
    data = base64.b64decode(request["Image"]["Bytes"])
    if len(data) > _MOST_BYTES:
        raise FaultError("ImageTooLargeException")
    try:
        with Image.open(BytesIO(data)) as image:
            rgb = np.asarray(image.convert("RGB"))
    except UnidentifiedImageError:
        raise FaultError("InvalidImageFormatException") from None
    if min(rgb.shape[:2]) < _LEAST_SIDE:
        raise FaultError("InvalidParameterException", "The image is too small.")
    return rgb, hashlib.sha256(data).hexdigest()


def _size(face: Detection) -> float:
    return face.box[2] * face.box[3]


def _similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Amazon's scale: near 100 for one person, far below 80 for two."""
    return float(np.clip(100 - 60 * np.linalg.norm(a - b) ** 2, 0, 100))
