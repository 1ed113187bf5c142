from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from vib.faces.judge import GOOD_SCORE
from vib.faces.results import RecognitionResult

SAME_PERSON = 0.55
"""Mean distance up to which tracks of one video are taken for one person."""
NAMED = 0.5
"""Distance to a contact up to which the machine gives a face the contact's name by itself."""


class Track(Protocol):
    """What grouping and matching need to know of a track; `FaceTrack` is one."""

    @property
    def first_seen(self) -> float:
        """Seconds from the start of the video."""

    @property
    def last_seen(self) -> float:
        """Seconds from the start of the video."""

    @property
    def score(self) -> float:
        """How good its best face is, 0 to 1."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """What it looks like, (128,)."""


T = TypeVar("T", bound=Track)
ContactId = TypeVar("ContactId", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Known(Generic[ContactId]):
    """A contact and what is known of the face: (n, 128), where n may be 0."""

    contact_id: ContactId
    embeddings: NDArray[np.float32]


@dataclass(frozen=True)
class Match(Generic[ContactId]):
    """What was made of a person in a video.

    Attributes:
        contact_id: who it is; None if nobody known.
        distance: how far the nearest contact is; None where none was looked for.
        verdict: MACHINE_RECOGNIZED, NEW_FACE or BAD_FACE.
    """

    contact_id: ContactId | None
    distance: float | None
    verdict: RecognitionResult


def group_tracks(tracks: Sequence[T]) -> list[list[T]]:
    """Bring together the tracks of each person in a video.

    Clusters by average linkage. Two tracks that are seen at the same time are two people, so no
    group holds both. A track without one good face says too little: it stays by itself.

    Returns:
        Groups, and the tracks in each, in the order in which they are first seen.
    """
    in_order = sorted(tracks, key=lambda track: track.first_seen)
    good = [track for track in in_order if is_good(track)]
    groups = [[good[index] for index in sorted(group)] for group in _clusters(_distances(good))]
    groups += [[track] for track in in_order if not is_good(track)]
    return sorted(groups, key=lambda group: group[0].first_seen)


def match_person(group: Sequence[Track], known: Sequence[Known[ContactId]]) -> Match[ContactId]:
    """Tell which contact a person is: the one whose faces, on average, are nearest.

    Args:
        group: the person's tracks, at least one.
        known: the contacts; those without a face are passed over.
    """
    good = [track.embedding for track in group if is_good(track)]
    if not good:
        return Match(None, None, RecognitionResult.BAD_FACE)
    candidates = [contact for contact in known if len(contact.embeddings)]
    if not candidates:
        return Match(None, None, RecognitionResult.NEW_FACE)
    centroids = np.stack([contact.embeddings.mean(axis=0) for contact in candidates])
    distances = np.linalg.norm(centroids - np.mean(good, axis=0), axis=1)
    nearest = int(distances.argmin())
    distance = float(distances[nearest])
    if distance > NAMED:
        return Match(None, distance, RecognitionResult.NEW_FACE)
    contact_id = candidates[nearest].contact_id
    return Match(contact_id, distance, RecognitionResult.MACHINE_RECOGNIZED)


def is_good(track: Track) -> bool:
    """Tell whether a track has a face good enough to be recognised by, or shown."""
    return track.score >= GOOD_SCORE


def _distances(tracks: Sequence[Track]) -> NDArray[np.float64]:
    """Return the distances between tracks; infinite where they cannot be one person."""
    if not tracks:
        return np.zeros((0, 0))
    embeddings = np.stack([track.embedding for track in tracks])
    distances = cdist(embeddings, embeddings)
    first = np.array([track.first_seen for track in tracks])
    last = np.array([track.last_seen for track in tracks])
    together = (first[:, None] <= last[None]) & (first[None] <= last[:, None])
    distances[together] = np.inf
    return distances


def _clusters(distances: NDArray[np.float64]) -> list[list[int]]:
    """Cluster by average linkage, up to `SAME_PERSON`.

    An infinite distance between two members makes the mean distance of their clusters infinite, so
    what must stay apart does, which no clustering of SciPy's offers.
    """
    distances = distances.copy()
    np.fill_diagonal(distances, np.inf)
    clusters = [[index] for index in range(len(distances))]
    while distances.size:
        a, b = sorted(divmod(int(distances.argmin()), len(distances)))
        if distances[a, b] > SAME_PERSON:
            break
        sizes = len(clusters[a]), len(clusters[b])
        distances[a] = distances[:, a] = np.average(distances[[a, b]], axis=0, weights=sizes)
        distances[a, a] = np.inf
        distances = np.delete(np.delete(distances, b, axis=0), b, axis=1)
        clusters[a] += clusters.pop(b)
    return clusters
