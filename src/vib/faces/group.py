from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

SAME_PERSON = 0.55
"""Mean distance up to which tracks of one video are taken for one person."""
SURELY_SAME = 0.50
"""Mean distance up to which there is no doubt that they are one."""
POSSIBLY_SAME = 0.60
"""Mean distance beyond which there is no doubt that they are several."""


class Track(Protocol):
    """What grouping needs to know of a track; a `FaceTrack` without a flaw is one."""

    @property
    def first_seen(self) -> float:
        """Seconds from the start of the video."""

    @property
    def last_seen(self) -> float:
        """Seconds from the start of the video."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """What the face looks like, (128,)."""


T = TypeVar("T", bound=Track)


def group_tracks(tracks: Sequence[T], up_to: float = SAME_PERSON) -> list[list[T]]:
    """Bring together the tracks of each person in a video.

    Clusters by average linkage. Two tracks that are seen at the same time are two people, so no
    group holds both. A smaller `up_to` divides the groups of a larger one and
    changes nothing else.

    Args:
        tracks: what to group.
        up_to: the mean distance up to which two groups become one.

    Returns:
        Groups, and the tracks in each, in the order in which they are first seen.
    """
    in_order = sorted(tracks, key=lambda track: track.first_seen)
    groups = [
        [in_order[index] for index in sorted(each)]
        for each in _clusters(_distances(in_order), up_to)
    ]
    return sorted(groups, key=lambda group: group[0].first_seen)


def distances_between(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of each of n embeddings from each, (n, n)."""
    # Not SciPy's: to load it takes longer than all that a picture's process does beside.
    embeddings = embeddings.astype(np.float64)
    squares = (embeddings**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * embeddings @ embeddings.T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(between, 0))
    return distances


def _distances(tracks: Sequence[Track]) -> NDArray[np.float64]:
    """Return the distances between tracks; infinite where they cannot be one person."""
    if not tracks:
        return np.zeros((0, 0))
    distances = distances_between(np.stack([track.embedding for track in tracks]))
    first = np.array([track.first_seen for track in tracks])
    last = np.array([track.last_seen for track in tracks])
    together = (first[:, None] <= last[None]) & (first[None] <= last[:, None])
    distances[together] = np.inf
    return distances


def _clusters(distances: NDArray[np.float64], up_to: float) -> list[list[int]]:
    """Cluster by average linkage, up to a mean distance.

    An infinite distance between two members makes the mean distance of their clusters infinite, so
    what must stay apart does, which no clustering of SciPy's offers.
    """
    distances = distances.copy()
    np.fill_diagonal(distances, np.inf)
    clusters = [[index] for index in range(len(distances))]
    while distances.size:
        a, b = sorted(divmod(int(distances.argmin()), len(distances)))
        if distances[a, b] > up_to:
            break
        sizes = len(clusters[a]), len(clusters[b])
        distances[a] = distances[:, a] = np.average(distances[[a, b]], axis=0, weights=sizes)
        distances[a, a] = np.inf
        distances = np.delete(np.delete(distances, b, axis=0), b, axis=1)
        clusters[a] += clusters.pop(b)
    return clusters
