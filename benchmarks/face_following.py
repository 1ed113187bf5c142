"""How well people are followed through films of which is known who is where, and grouped."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from benchmarks.face_clips import Appearance, Portrait, make_clip, truth
from vib.faces.geometry import overlap
from vib.faces.group import group_tracks
from vib.faces.shots import FaceTrack

_HIT = 0.3  # intersection over union
_CLEARLY = 2  # sampled frames in which nothing is the matter with somebody


class Following(NamedTuple):
    """How well people are followed.

    Attributes:
        appearances: people in shots, there clearly for two sampled frames at least.
        found: the share of them that a track without a flaw was found of.
        tracks: tracks without a flaw.
        false: those of them that show nobody.
        grouping: F1 over pairs of tracks in a film, of their grouping to people.
        people: people in all the films.
        groups: groups of tracks.
    """

    appearances: int
    found: float
    tracks: int
    false: int
    grouping: float
    people: int
    groups: int


def followed(
    path: Path,
    cast: Sequence[Portrait],
    variant: str,
    seeds: Sequence[int],
    find: Callable[[], Sequence[FaceTrack]],
) -> Following:
    """Make films, find their faces with `find`, which reads `path`, and compare."""
    appearances = found = tracks = false = people = groups = 0
    right = grouped = same = 0
    for seed in seeds:
        played = make_clip(path, cast, variant, seed)
        good = [track for track in find() if track.flaw is None]
        shown = {track: who for track in good if (who := _shown(track, played))}
        group_of = {
            track: number
            for number, group in enumerate(group_tracks(list(shown)))
            for track in group
        }
        for a, b in combinations(shown, 2):
            alike, joined = shown[a].person == shown[b].person, group_of[a] == group_of[b]
            same, grouped, right = same + alike, grouped + joined, right + (alike and joined)
        clear = [each for each in played if len(each.clear) >= _CLEARLY]
        appearances += len(clear)
        found += sum(any(who is each for who in shown.values()) for each in clear)
        tracks, false = tracks + len(good), false + len(good) - len(shown)
        people += len({who.person for who in shown.values()})
        groups += len(set(group_of.values()))
    share, f1 = round(found / appearances, 4), round(2 * right / (grouped + same), 4)
    return Following(appearances, share, tracks, false, f1, people, groups)


def _shown(track: FaceTrack, played: Sequence[Appearance]) -> Appearance | None:
    """Return who is where the best shot of a track was found."""
    best = track.best
    there = [(overlap(best.box, box), who) for who, box in truth(played, best.timecode)]
    hit, who = max(there, key=lambda pair: pair[0], default=(0.0, None))
    return who if hit >= _HIT else None
