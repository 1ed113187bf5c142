from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vib.faces.best import BestShots, Candidate
from vib.faces.detect import LONGEST_SIDE, Detection, Detector
from vib.faces.embed import Embedder
from vib.faces.finish import Finisher, Flaw
from vib.faces.geometry import Box, scaled
from vib.faces.judge import rank
from vib.faces.rhythm import Rhythm
from vib.faces.shots import FaceTrack
from vib.faces.track import CutFinder, Tracker
from vib.video.samples import Sample, Samples

_SCAN_EVERY = 0.4  # seconds: at four samples a second, every other one
_SCAN_CLOSELY_EVERY = 1.9, 7.9  # at first, and at last while nobody new turns up
_CLOSELY = 960  # pixels of the longer side, where small faces are looked for too
_CLOSE_UP = 0.1  # of the longer side; where a face is as wide, others are hardly tiny
_CHEAP = 0.25, 0.5  # scales at which a sample costs little
_LARGE_ENOUGH = 24  # pixels of width, for a face that is known to be there


def find_faces(
    path: Path,
    *,
    progress: Callable[[float], None] = lambda _: None,
    flaw: Flaw = lambda _: None,
    detector: Detector | None = None,
    embedder: Embedder | None = None,
) -> list[FaceTrack]:
    """Find the faces of a video and follow each through it.

    Faces that are small, blurred or turned away are found as well; their track's flaw says so.

    Args:
        path: the video's sampled frames, a file of `SampleWriter`.
        progress: called with 0 to 1, never falling; what it raises stops the work.
        flaw: looks once more at the best picture of a face, as `Recogniser.flaw` does.
        detector: the detector to use; by default a new one.
        embedder: the embedder to use; by default a new one.

    Returns:
        The tracks in the order in which they begin; none for a video without faces.

    Raises:
        VibError: the file is something else, or the networks' weights are not installed.
    """
    with Samples(path) as samples:
        size = samples.width, samples.height
        detector = detector or Detector()
        finder = FaceFinder(detector, Finisher(size, detector, embedder or Embedder(), flaw))
        for sample in samples:
            finder.look_at(sample)
            if samples.duration:
                progress(min(sample.timecode / samples.duration, 1.0))
    tracks = finder.tracks()
    progress(1.0)
    return tracks


class FaceFinder:
    """Finds and follows faces in the sampled frames that it is shown, in order.

    A whole frame is searched twice a second, and after cuts; then, and every two seconds, closely,
    for small faces too, which is done less often in close-ups and while nobody new turns up. In
    between, faces are looked for where they were, as closely as they need, if one of them moves.
    """

    def __init__(self, detector: Detector, finisher: Finisher) -> None:
        """Take what to use."""
        self._detector = detector
        self._finisher = finisher
        self._cuts = CutFinder()
        self._tracker = Tracker()
        self._scan_due = 0.0
        self._close_scans = Rhythm(*_SCAN_CLOSELY_EVERY)
        self._running: dict[int, BestShots] = {}
        self._finished: list[FaceTrack] = []

    def look_at(self, sample: Sample) -> None:
        """Find the faces of one more frame."""
        places = list(self._tracker.places.values())
        scan = sample.timecode >= self._scan_due
        if not scan and (not places or self._tracker.steady):
            return
        closely = scan and self._close_scans.is_due(sample.timecode)
        picture = sample.picture(_scanning(sample, closely) if scan else _following(places))
        cut = self._cuts.is_cut(picture)
        if cut and not scan:
            scan, picture = True, sample.picture(_scanning(sample, closely))
        faces = self._found(sample, picture, None if scan else places)
        if cut and not closely and _may_hold_small_ones(sample, faces):
            closely = True
            faces = self._found(sample, sample.picture(_scanning(sample, closely)), None)
        if scan:
            self._scan_due = sample.timecode + _SCAN_EVERY
        somebody_new = self._follow(sample, faces, cut=cut)
        if closely:
            again_soon = (somebody_new or cut) and _may_hold_small_ones(sample, faces)
            self._close_scans.done(sample.timecode, again_soon=again_soon)

    def tracks(self) -> list[FaceTrack]:
        """Return what was found; after that nothing more is to be shown."""
        self._finish(self._running.keys())
        return sorted(self._finished, key=lambda track: track.track_id)

    def _found(
        self, sample: Sample, picture: NDArray[np.uint8], places: Sequence[Box] | None
    ) -> list[tuple[Detection, float]]:
        """Find the faces in the picture of a sample, or those near known places, and rate them."""
        x, y = sample.width / picture.shape[1], sample.height / picture.shape[0]
        if places is None:
            found = self._detector.detect_unscaled(picture)
        else:
            near = [scaled(box, 1 / x, 1 / y) for box in places]
            found = self._detector.detect_near(picture, near)
        return [(face.scaled(x, y), rank(face, picture)) for face in found]

    def _follow(
        self, sample: Sample, faces: Sequence[tuple[Detection, float]], *, cut: bool
    ) -> bool:
        """Add the faces to their tracks; tell whether one has begun."""
        before = self._tracker.tracks
        track_ids = self._tracker.follow([face.box for face, _ in faces], cut=cut)
        for track_id, (face, how_good) in zip(track_ids, faces, strict=True):
            track = self._running.setdefault(track_id, BestShots(sample.timecode))
            track.add(Candidate(sample, face, how_good))
        self._finish(self._running.keys() - self._tracker.places.keys())
        return self._tracker.tracks > before

    def _finish(self, track_ids: Iterable[int]) -> None:
        ended = {track_id: self._running.pop(track_id) for track_id in sorted(track_ids)}
        self._finished += self._finisher.finish(ended)


def _scanning(sample: Sample, closely: bool) -> float:
    """Return the scale at which a whole frame is searched."""
    side = _CLOSELY if closely else LONGEST_SIDE
    return min(1.0, side / max(sample.width, sample.height))


def _may_hold_small_ones(sample: Sample, faces: Iterable[tuple[Detection, float]]) -> bool:
    """Tell whether a frame may show more, searched closely: it is large, and no close-up."""
    longest = max(sample.width, sample.height)
    close_up = any(face.box[2] >= _CLOSE_UP * longest for face, _ in faces)
    return longest > LONGEST_SIDE and not close_up


def _following(places: Sequence[Box]) -> float:
    """Return a scale at which a sample costs little, and known faces are large enough."""
    smallest = min(width for _, _, width, _ in places)
    return next((scale for scale in _CHEAP if smallest * scale >= _LARGE_ENOUGH), 1.0)
