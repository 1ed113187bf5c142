from collections.abc import Callable, Iterable
from pathlib import Path

from vib.faces.best import BestShots, Candidate
from vib.faces.detect import Detector
from vib.faces.embed import Embedder
from vib.faces.finish import Finisher, Flaw
from vib.faces.geometry import Box, scaled
from vib.faces.judge import rank
from vib.faces.shots import FaceTrack
from vib.faces.track import CutFinder, Tracker
from vib.popeye.samples import Sample, Samples

_SCAN_EVERY = 0.4  # seconds: at four samples a second, every other one
_CHEAP = 0.5  # scale up to which a sample costs little
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
        finisher = Finisher(size, embedder or Embedder(), flaw)
        finder = FaceFinder(size, detector or Detector(), finisher)
        for sample in samples:
            finder.look_at(sample)
            if samples.duration:
                progress(min(sample.timecode / samples.duration, 1.0))
    tracks = finder.tracks()
    progress(1.0)
    return tracks


class FaceFinder:
    """Finds and follows faces in the sampled frames that it is shown, in order.

    A whole frame is searched twice a second, and after cuts; in between faces are looked for where
    they were.
    """

    def __init__(self, size: tuple[int, int], detector: Detector, finisher: Finisher) -> None:
        """Take the video's width and height, and what to use."""
        self._side = detector.side_for(max(size))
        self._detector = detector
        self._finisher = finisher
        self._cuts = CutFinder()
        self._tracker = Tracker()
        self._scan_due = 0.0
        self._running: dict[int, BestShots] = {}
        self._finished: list[FaceTrack] = []

    def look_at(self, sample: Sample) -> None:
        """Find the faces of one more frame."""
        places = list(self._tracker.places.values())
        scan = sample.timecode >= self._scan_due
        if not scan and not places:
            return
        picture = sample.picture(self._scale(sample) if scan else self._following(sample, places))
        x, y = sample.width / picture.shape[1], sample.height / picture.shape[0]
        cut = self._cuts.is_cut(picture)
        if scan or cut:
            self._scan_due = sample.timecode + _SCAN_EVERY
            found = self._detector.detect_unscaled(picture)
        else:
            found = self._detector.detect_near(
                picture, [scaled(box, 1 / x, 1 / y) for box in places]
            )
        faces = [face.scaled(x, y) for face in found]
        track_ids = self._tracker.follow([face.box for face in faces], cut=cut)
        for track_id, small, face in zip(track_ids, found, faces, strict=True):
            track = self._running.setdefault(track_id, BestShots(sample.timecode))
            track.add(Candidate(sample, face, rank(small, picture)))
        self._finish(self._running.keys() - self._tracker.places.keys())

    def tracks(self) -> list[FaceTrack]:
        """Return what was found; after that nothing more is to be shown."""
        self._finish(self._running.keys())
        return sorted(self._finished, key=lambda track: track.track_id)

    def _scale(self, sample: Sample) -> float:
        return min(1.0, self._side / max(sample.width, sample.height))

    def _following(self, sample: Sample, places: list[Box]) -> float:
        """Return the scale at which faces that are known are still large enough."""
        smallest = min(width for _, _, width, _ in places)
        scale = self._scale(sample)
        return min(scale, _CHEAP) if smallest * _CHEAP >= _LARGE_ENOUGH else scale

    def _finish(self, track_ids: Iterable[int]) -> None:
        ended = {track_id: self._running.pop(track_id) for track_id in sorted(track_ids)}
        self._finished += self._finisher.finish(ended)
