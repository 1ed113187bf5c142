from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.align import cut_chip
from vib.faces.detect import Detection, Detector
from vib.faces.embed import Embedder
from vib.faces.frames import Sample, sampled_frames
from vib.faces.geometry import Box
from vib.faces.judge import GOOD_SCORE, Quality, judge
from vib.faces.match import SAME_PERSON
from vib.faces.track import CutFinder, Tracker

SAMPLE_RATE = 4.0  # frames a second
SHOTS_PER_TRACK = 3
_APART = 0.5  # seconds of which one shot is kept; shots close together show the same
_WATCHING = 0.8  # of the work; the rest is embedding
_MARGIN = 0.4  # around a face in its picture, in widths and heights of its box
_LONGEST_SIDE = 512  # of a face's picture, in pixels


@dataclass(frozen=True, eq=False)
class FaceShot:
    """A face in one frame of a video.

    Attributes:
        timecode: seconds from the start of the video.
        box: left, top, width, height in pixels of the frame as displayed.
        confidence: how sure the detector is, up to 1.
        score: how good the picture is, 0 to 1; see `GOOD_SCORE`.
        sharpness: variance of the Laplacian over the face.
        yaw: degrees that the face is turned towards the right edge of the picture.
        pitch: degrees that it looks up.
        roll: degrees that it is tilted clockwise.
        embedding: (128,), what the face looks like.
        picture: (height, width, 3) RGB, the face with some margin, at most 512 pixels on a side.
    """

    timecode: float
    box: Box
    confidence: float
    score: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    embedding: NDArray[np.float32]
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face, followed through a shot of a video.

    Attributes:
        track_id: its number in the video, from 1, in the order in which tracks begin.
        first_seen: seconds from the start of the video.
        last_seen: seconds from the start of the video.
        shots: the best few of the good ones, the best first; if none is good, the best alone.
    """

    track_id: int
    first_seen: float
    last_seen: float
    shots: tuple[FaceShot, ...]

    @property
    def best(self) -> FaceShot:
        """The best shot."""
        return self.shots[0]

    @property
    def score(self) -> float:
        """The best shot's score."""
        return self.best.score

    @property
    def embedding(self) -> NDArray[np.float32]:
        """What the face looks like: the mean over the shots, (128,)."""
        mean: NDArray[np.float32] = np.mean([shot.embedding for shot in self.shots], axis=0)
        return mean


def find_faces(
    path: Path,
    *,
    sample_rate: float = SAMPLE_RATE,
    progress: Callable[[float], None] = lambda _: None,
    detector: Detector | None = None,
    embedder: Embedder | None = None,
) -> list[FaceTrack]:
    """Find the faces of a video and follow each through it.

    Faces that are small, blurred or turned away are found as well; their score says so.

    Args:
        path: the video.
        sample_rate: how many frames a second to look at.
        progress: called with 0 to 1, never falling; what it raises stops the work.
        detector: the detector to use; by default a new one.
        embedder: the embedder to use; by default a new one.

    Returns:
        The tracks in the order in which they begin; none for a video without faces.

    Raises:
        BadVideo: the file cannot be decoded.
        VibError: the networks' weights are not installed.
    """
    finder = FaceFinder(detector or Detector(), embedder or Embedder())
    watched = closing(sampled_frames(path, sample_rate, lambda done: progress(_WATCHING * done)))
    with watched as samples:
        for sample in samples:
            finder.look_at(sample)
    tracks = finder.tracks(lambda done: progress(_WATCHING + (1 - _WATCHING) * done))
    progress(1.0)
    return tracks


class FaceFinder:
    """Finds and follows faces in the frames that it is shown, in order."""

    def __init__(self, detector: Detector, embedder: Embedder) -> None:
        """Take the networks to use."""
        self._detector = detector
        self._embedder = embedder
        self._cuts = CutFinder()
        self._tracker = Tracker()
        self._tracks: dict[int, _Collected] = {}

    def look_at(self, sample: Sample) -> None:
        """Find the faces of one more frame."""
        small = sample.picture(self._detector.scale_for(sample.width, sample.height))
        stretch = sample.width / small.shape[1], sample.height / small.shape[0]
        found = [face.scaled(*stretch) for face in self._detector.detect_unscaled(small)]
        cut = self._cuts.is_cut(small)
        track_ids = self._tracker.follow([face.box for face in found], cut=cut)
        if not found:
            return
        whole = sample.picture()
        for track_id, face in zip(track_ids, found, strict=True):
            track = self._tracks.setdefault(track_id, _Collected(sample.timecode))
            track.last_seen = sample.timecode
            chip = cut_chip(whole, face.landmarks)
            quality = judge(face, chip)
            if track.wants(sample.timecode, quality.score):
                picture = _cut_picture(whole, face.box)
                track.keep(_Candidate(sample.timecode, face, quality, chip, picture))

    def tracks(self, progress: Callable[[float], None] = lambda _: None) -> list[FaceTrack]:
        """Return what was found so far, embedding the best shots of each track."""
        finished: list[FaceTrack] = []
        for track_id, track in self._tracks.items():
            progress(len(finished) / len(self._tracks))
            finished.append(self._finished(track_id, track))
        return finished

    def _finished(self, track_id: int, track: "_Collected") -> FaceTrack:
        shots = [shot for shot in track.best if shot.quality.score >= GOOD_SCORE] or track.best[:1]
        embeddings = self._embedder.embed(np.stack([shot.chip for shot in shots]))
        # Where people pass before one another, a track may have picked up another's face.
        fitting = np.linalg.norm(embeddings - embeddings[0], axis=1) <= SAME_PERSON
        fine = [_shot(shots[index], embeddings[index]) for index in np.flatnonzero(fitting)]
        return FaceTrack(track_id, track.first_seen, track.last_seen, tuple(fine))


@dataclass(frozen=True, eq=False)
class _Candidate:
    timecode: float
    face: Detection
    quality: Quality
    chip: NDArray[np.uint8]
    picture: NDArray[np.uint8]


@dataclass
class _Collected:
    """The best of a track so far, kept without its frames, so that memory stays small."""

    first_seen: float
    last_seen: float = 0.0
    best: list[_Candidate] = field(default_factory=list)

    def wants(self, timecode: float, score: float) -> bool:
        rival = self._rival(timecode)
        return rival is None or score > rival.quality.score

    def keep(self, candidate: _Candidate) -> None:
        rival = self._rival(candidate.timecode)
        self.best = [shot for shot in self.best if shot is not rival]
        self.best.append(candidate)
        self.best.sort(key=lambda shot: -shot.quality.score)

    def _rival(self, timecode: float) -> _Candidate | None:
        """Return the shot that a new one would take the place of, if it takes any."""
        for shot in self.best:
            if shot.timecode // _APART == timecode // _APART:
                return shot
        return self.best[-1] if len(self.best) == SHOTS_PER_TRACK else None


def _shot(candidate: _Candidate, embedding: NDArray[np.float32]) -> FaceShot:
    quality = candidate.quality
    return FaceShot(
        timecode=candidate.timecode,
        box=candidate.face.box,
        confidence=candidate.face.score,
        score=quality.score,
        sharpness=quality.sharpness,
        yaw=quality.yaw,
        pitch=quality.pitch,
        roll=quality.roll,
        embedding=embedding,
        picture=candidate.picture,
    )


def _cut_picture(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, width, height = box
    spare_x, spare_y = _MARGIN * width, _MARGIN * height
    columns = _pixels(left - spare_x, left + width + spare_x, rgb.shape[1])
    rows = _pixels(top - spare_y, top + height + spare_y, rgb.shape[0])
    picture = rgb[rows, columns]
    scale = _LONGEST_SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture.copy()  # a view would keep the whole frame
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def _pixels(start: float, end: float, size: int) -> slice:
    """Return the pixels from start to end, at least one, inside 0 to size."""
    first = min(max(round(start), 0), size - 1)
    return slice(first, min(max(round(end), first + 1), size))
