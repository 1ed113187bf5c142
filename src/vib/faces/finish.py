from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vib.faces.align import cut_chip
from vib.faces.best import SHOTS_PER_TRACK, BestShots, Candidate
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.group import distances_between
from vib.faces.judge import judge
from vib.faces.results import GOOD_SCORE, RecognitionResult
from vib.faces.shots import FaceShot, FaceTrack, shot_of
from vib.video.samples import Sample

ALIKE = 0.6
"""Distance up to which two shots of a track show one person."""

Flaw = Callable[[bytes], RecognitionResult | None]
Picture = NDArray[np.uint8]


class Finisher:
    """Makes of each track that has ended what is kept of it, from its frames at their full size."""

    def __init__(
        self, size: tuple[int, int], detector: Detector, embedder: Embedder, flaw: Flaw
    ) -> None:
        """Make one.

        Args:
            size: the video's width and height.
            detector: the detector to use.
            embedder: the embedder to use.
            flaw: looks once more at the best picture of a face.
        """
        self._size = size
        self._detector = detector
        self._embedder = embedder
        self._flaw = flaw

    def finish(self, ended: Mapping[int, BestShots]) -> list[FaceTrack]:
        """Finish the tracks with these numbers; each frame that shows some is decoded once."""
        in_sample: dict[Sample, list[Candidate]] = defaultdict(list)
        for track in ended.values():
            for candidate in track.worth_a_look():
                in_sample[candidate.sample].append(candidate)
        seen: dict[Candidate, _Seen] = {}
        for sample, candidates in in_sample.items():
            frame = sample.picture()
            seen |= {candidate: self._seen(candidate, frame) for candidate in candidates}
        return [
            self._finished(track_id, track, [seen[candidate] for candidate in track.worth_a_look()])
            for track_id, track in ended.items()
        ]

    def _seen(self, candidate: Candidate, frame: Picture) -> "_Seen":
        face, sample = self._detector.look_again(frame, candidate.face), candidate.sample
        chip = cut_chip(frame, face.landmarks)
        stretch = self._size[0] / sample.width, self._size[1] / sample.height
        shot = shot_of(face, judge(face, chip), frame, sample.timecode)
        return _Seen(replace(shot, box=face.scaled(*stretch).box), chip)

    def _finished(self, track_id: int, track: BestShots, seen: list["_Seen"]) -> FaceTrack:
        seen.sort(key=lambda one: -one.shot.score)
        good = [one for one in seen if one.shot.score >= GOOD_SCORE]
        if good:
            flaw = self._flaw(good[0].shot.picture)
            shots = [one.shot for one in good] if flaw else self._embedded(good)
            if not shots:
                flaw, shots = RecognitionResult.BAD_TRACK, [one.shot for one in good]
        else:
            flaw, shots = RecognitionResult.BAD_FACE, [seen[0].shot]
        return FaceTrack(track_id, track.first_seen, track.last_seen, tuple(shots), flaw)

    def _embedded(self, seen: Sequence["_Seen"]) -> list[FaceShot]:
        """Return, of the good shots of a track, those that show one person; none if none do.

        Where people pass before one another, a track may have picked up another's face. Of two that
        differ, the better one is taken.
        """
        looks = self._embedder.embed_shots(np.stack([one.chip for one in seen]))
        alike = distances_between(looks) <= ALIKE
        most = alike[alike.sum(axis=1).argmax()]
        if most.sum() == 1 and len(seen) == SHOTS_PER_TRACK:
            return []
        return [replace(seen[i].shot, embedding=looks[i]) for i in np.flatnonzero(most).tolist()]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A shot, not yet embedded, and the face cut out of its frame."""

    shot: FaceShot
    chip: Picture
