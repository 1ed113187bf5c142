from dataclasses import dataclass, field

from vib.faces.detect import Detection
from vib.video.samples import Sample

SHOTS_PER_TRACK = 3
_APART = 0.5  # seconds of which one shot is kept; shots close together show the same
_HOPELESS = 0.1  # rank below which no shot has turned out good; the lowest that did had 0.24


@dataclass(frozen=True, eq=False)
class Candidate:
    """A face in a sampled frame, which is kept as it was stored, so that memory stays small.

    Attributes:
        sample: the frame.
        face: where it is, in pixels of the sample.
        rank: how good it looks at the size at which it was found; to compare it with others of its
            track.
    """

    sample: Sample
    face: Detection
    rank: float


@dataclass
class BestShots:
    """The best few candidates of a track that still goes on.

    Attributes:
        first_seen: seconds from the start of the video.
        last_seen: seconds from the start of the video.
        best: the candidates, the best first.
    """

    first_seen: float
    last_seen: float = 0.0
    best: list[Candidate] = field(default_factory=list)

    def add(self, candidate: Candidate) -> None:
        """Look at one more face of the track."""
        self.last_seen = candidate.sample.timecode
        rival = self._rival(self.last_seen)
        if rival is None or candidate.rank > rival.rank:
            self.best = [shot for shot in self.best if shot is not rival] + [candidate]
            self.best.sort(key=lambda shot: -shot.rank)

    def worth_a_look(self) -> list[Candidate]:
        """Return what to look at closely: of a track without hope the best alone."""
        return self.best if self.best[0].rank >= _HOPELESS else self.best[:1]

    def _rival(self, timecode: float) -> Candidate | None:
        """Return the candidate that a new one would take the place of, if it takes any."""
        for shot in self.best:
            if shot.sample.timecode // _APART == timecode // _APART:
                return shot
        return self.best[-1] if len(self.best) == SHOTS_PER_TRACK else None
