"""Faces of photographs."""

from dataclasses import replace

from vib.faces.align import cut_chip
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.judge import judge
from vib.faces.photograph_file import Photograph, open_photograph
from vib.faces.results import GOOD_SCORE
from vib.faces.shots import FaceShot, shot_of


class PhotographFaces:
    """Finds, judges and embeds the faces of photographs."""

    def __init__(self, detector: Detector | None = None, embedder: Embedder | None = None) -> None:
        """Take the networks to use; by default they are opened here."""
        self._detector = detector or Detector()
        self._embedder = embedder or Embedder()

    def find(self, data: bytes) -> list[FaceShot]:
        """Find the faces of a photograph that is a file; see `find_in`.

        Raises:
            BadPhotograph: the file is something else, damaged, or too large.
        """
        return self.find_in(open_photograph(data))

    def find_in(self, photograph: Photograph) -> list[FaceShot]:
        """Find the faces of a photograph, the largest first.

        Boxes are in pixels of the photograph as it is displayed. A face whose score is below
        `GOOD_SCORE` has no embedding.
        """
        rgb, scale = photograph.rgb, photograph.scale
        shots = []
        for found in self._detector.detect(rgb):
            face = self._detector.look_again(rgb, found)
            chip = cut_chip(rgb, face.landmarks)
            shot = shot_of(face, judge(face, chip), rgb)
            good = shot.score >= GOOD_SCORE
            embedding = self._embedder.embed(chip[None])[0] if good else None
            box = face.scaled(1 / scale, 1 / scale).box
            shots.append(replace(shot, box=box, embedding=embedding))
        return sorted(shots, key=lambda shot: -shot.box[2] * shot.box[3])
