import logging
import os
from collections.abc import Collection, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from vib.db.models import Asset, Contact, Feature
from vib.faces.results import RecognitionResult
from vib.faces.second_look import Seen, flaw_of
from vib.recognisers.recogniser import SUGGESTED, Candidate, StoredFace
from vib.storage.interface import Storage

if TYPE_CHECKING:
    from types_boto3_rekognition import RekognitionClient

_MOST_FACES = 100  # alike, for one face; several of each contact
_SURE = 0.9  # Rekognition's confidence that it is a face
_DELETED_AT_ONCE = 4096
_LEAST_SIDE = 80  # pixels
# Answers to a picture that Rekognition can make nothing of; another time would be no better.
_UNUSABLE = {"InvalidParameterException", "InvalidImageFormatException", "ImageTooLargeException"}

# What is throttled is tried again, up to 20 s apart, for about a minute in all.
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 8})
_log = logging.getLogger(__name__)


class RekognitionRecogniser:
    """Asks Amazon Rekognition. Each user has a collection of faces of their own.

    A face's ExternalImageId is its id here. Rekognition takes the same picture under the same id
    once, so learning again adds nothing. Credentials are boto3's; what they need on the collections
    is rekognition:CreateCollection, DeleteCollection, IndexFaces, ListFaces, DeleteFaces and
    SearchFacesByImage, and rekognition:DetectFaces.
    """

    def __init__(
        self,
        storage: Storage,
        prefix: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
    ) -> None:
        """Say where; nothing is asked for yet.

        Args:
            storage: where the faces' pictures are.
            prefix: the beginning of the collections' names, which tells environments apart.
            endpoint_url: where the service is, if it is not Amazon's.
            region: the region, if it is not the one that boto3 is configured for.
        """
        self._storage = storage
        self._prefix = prefix
        self._endpoint_url = endpoint_url
        self._region = region
        # A boto3 client must not cross a fork: its sockets would be shared.
        self._clients: dict[int, RekognitionClient] = {}

    def flaw(self, picture: bytes) -> RecognitionResult | None:
        """See `Recogniser`."""
        try:
            answer = self._client.detect_faces(Image={"Bytes": _large_enough(picture)})
        except ClientError as error:
            if _code(error) in _UNUSABLE:
                _log.warning("Rekognition cannot look at a picture: %s", error)
                return RecognitionResult.BAD_FACE
            raise
        seen = [
            Seen((box["Left"], box["Top"], box["Width"], box["Height"]), detail["Confidence"] / 100)
            for detail in answer["FaceDetails"]
            for box in [detail["BoundingBox"]]
        ]
        return flaw_of(seen, (1.0, 1.0), sure=_SURE)

    def learn(self, user_id: UUID, faces: Sequence[StoredFace]) -> None:
        """See `Recogniser`."""
        for face in faces:
            try:
                self._index(user_id, face)
            except ClientError as error:
                if _code(error) == "ResourceNotFoundException":
                    self._create(user_id)
                    self._index(user_id, face)
                elif _code(error) in _UNUSABLE:
                    _log.warning("Rekognition cannot learn face %s: %s", face.face_id, error)
                else:
                    raise

    def candidates(
        self, session: Session, user_id: UUID, faces: Sequence[StoredFace], *, media_id: UUID
    ) -> list[Candidate]:
        """See `Recogniser`. How alike two people look is how alike their two closest faces do.

        Faces that the database has no contact for any more are forgotten on the way.
        """
        alike: dict[UUID, float] = {}
        for face in faces:
            for face_id, likeness in self._alike(user_id, face):
                alike[face_id] = max(likeness, alike.get(face_id, 0.0))
        rows = session.execute(
            select(Feature.asset_id, Contact.id, Asset.media_id)
            .join(Contact, Contact.id == Feature.contact_id)
            .join(Asset, Asset.id == Feature.asset_id)
            .where(Feature.asset_id.in_(alike), Contact.user_id == user_id)
        ).all()
        self.forget(user_id, alike.keys() - {face_id for face_id, _, _ in rows})
        best: dict[UUID, float] = {}
        for face_id, contact_id, seen_in in rows:
            if seen_in != media_id:
                best[contact_id] = max(alike[face_id], best.get(contact_id, 0.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [Candidate(contact_id, likeness) for contact_id, likeness in ranked[:10]]

    def forget(self, user_id: UUID, face_ids: Collection[UUID]) -> None:
        """See `Recogniser`."""
        if not face_ids:
            return
        unwanted = set(map(str, face_ids))
        theirs = [number for number, external in self._collected(user_id) if external in unwanted]
        for start in range(0, len(theirs), _DELETED_AT_ONCE):
            self._client.delete_faces(
                CollectionId=self._collection(user_id),
                FaceIds=theirs[start : start + _DELETED_AT_ONCE],
            )

    def forget_user(self, user_id: UUID) -> None:
        """See `Recogniser`."""
        try:
            self._client.delete_collection(CollectionId=self._collection(user_id))
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise

    @property
    def _client(self) -> "RekognitionClient":
        client = self._clients.get(os.getpid())
        if client is None:
            client = self._clients[os.getpid()] = boto3.session.Session().client(
                "rekognition",
                endpoint_url=self._endpoint_url,
                region_name=self._region,
                config=_PATIENT,
            )
        return client

    def _collection(self, user_id: UUID) -> str:
        return f"{self._prefix}-{user_id}"

    def _create(self, user_id: UUID) -> None:
        try:
            self._client.create_collection(CollectionId=self._collection(user_id))
        except ClientError as error:  # another worker was faster
            if _code(error) != "ResourceAlreadyExistsException":
                raise

    def _index(self, user_id: UUID, face: StoredFace) -> None:
        self._client.index_faces(
            CollectionId=self._collection(user_id),
            Image={"Bytes": self._picture(face)},
            ExternalImageId=str(face.face_id),
            MaxFaces=1,
            QualityFilter="NONE",  # it was judged here
        )

    def _alike(self, user_id: UUID, face: StoredFace) -> Iterator[tuple[UUID, float]]:
        """Yield the collection's faces that look like this one."""
        try:
            answer = self._client.search_faces_by_image(
                CollectionId=self._collection(user_id),
                Image={"Bytes": self._picture(face)},
                MaxFaces=_MOST_FACES,
                FaceMatchThreshold=SUGGESTED * 100,
                QualityFilter="NONE",
            )
        except ClientError as error:
            if _code(error) == "ResourceNotFoundException":  # nobody was learned yet
                return
            if _code(error) in _UNUSABLE:
                _log.warning("Rekognition cannot look for face %s: %s", face.face_id, error)
                return
            raise
        for match in answer["FaceMatches"]:
            yield UUID(match["Face"]["ExternalImageId"]), match["Similarity"] / 100

    def _collected(self, user_id: UUID) -> Iterator[tuple[str, str]]:
        """Yield Rekognition's id and ours of every face in the collection."""
        pages = self._client.get_paginator("list_faces").paginate(
            CollectionId=self._collection(user_id)
        )
        try:
            for page in pages:
                for face in page["Faces"]:
                    yield face["FaceId"], face["ExternalImageId"]
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise

    def _picture(self, face: StoredFace) -> bytes:
        with self._storage.local(face.key) as path:
            return _large_enough(path.read_bytes())


def _large_enough(picture: bytes) -> bytes:
    """Enlarge the picture of a face that is smaller than Rekognition takes."""
    with Image.open(BytesIO(picture)) as image:
        if min(image.size) >= _LEAST_SIDE:
            return picture
        scale = _LEAST_SIDE / min(image.size)
        size = round(image.width * scale), round(image.height * scale)
        file = BytesIO()
        image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=92)
        return file.getvalue()


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
