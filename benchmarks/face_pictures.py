"""The labelled photographs, and how well faces are found and told apart on them."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.detect import Detection, Detector
from vib.faces.geometry import Box, overlap
from vib.faces.group import group_tracks
from vib.recognisers.embedded import likeness
from vib.recognisers.recogniser import NAMED

Picture = NDArray[np.uint8]
HIT, DOUBTFUL = 0.4, 0.2  # intersection over union with a labelled box
LOOSE_HIT = 0.25  # for detectors whose boxes are laid otherwise: squares, parts of the head
LOW_WIDTH, LOW_QUALITY = 36, 60  # the hard variant: faces 36 pixels wide, JPEG quality 60


class Labels:
    """What is known of the photographs."""

    def __init__(self, folder: Path) -> None:
        """Read `labels.json` of a folder."""
        labels = json.loads((folder / "labels.json").read_text())
        self._folder = folder
        self.boxes: dict[str, Any] = labels["boxes"]
        self.people: dict[str, str] = labels["identities"]

    def picture(self, name: str, size: Sequence[int] | None = None) -> Picture:
        """Read a photograph, scaled to a size if one is given."""
        with Image.open(self._folder / name) as image:
            rgb = image.convert("RGB")
        if size and rgb.size != tuple(size):
            rgb = rgb.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        return np.asarray(rgb)

    def at_640(self) -> dict[str, Picture]:
        """The photographs with boxes, their longer side 640 pixels at most."""
        return {
            name: self.picture(name, [max(1, round(side * scale(label))) for side in label["size"]])
            for name, label in self.boxes.items()
        }


def scale(label: Mapping[str, Any]) -> float:
    """Return by how much a labelled photograph is scaled for its longer side to be 640 at most."""
    return min(1.0, 640 / float(max(label["size"])))


class Found(NamedTuple):
    """How well faces are found."""

    recall: float
    precision: float


def detection(labels: Labels, seen: Mapping[str, Sequence[Box]], hit: float = HIT) -> Found:
    """Compare boxes, found at 640 pixels, with the labels."""
    found = missed = wrong = 0
    for name, label in labels.boxes.items():
        back = 1 / scale(label)
        left: list[Box] = [(x * back, y * back, w * back, h * back) for x, y, w, h in seen[name]]
        for face in map(tuple, label["faces"]):
            best = max(left, key=partial(overlap, face), default=None)
            if best is not None and overlap(best, face) >= hit:
                found += 1
                left.remove(best)
            else:
                missed += 1
        wrong += sum(all(overlap(b, tuple(i)) < DOUBTFUL for i in label["ignore"]) for b in left)
    return Found(found / (found + missed), found / (found + wrong))


def degraded(picture: Picture, face: Detection) -> Picture:
    """Shrink and compress a picture until its face is poor."""
    image = Image.fromarray(picture)
    factor = LOW_WIDTH / face.box[2]
    if factor < 1:
        size = round(image.width * factor), round(image.height * factor)
        image = image.resize(size, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=LOW_QUALITY)
    with Image.open(file) as compressed:
        return np.asarray(compressed.convert("RGB"))


def portraits(labels: Labels, variant: str, detector: Detector) -> dict[str, Picture]:
    """The photographs of people who are known, `clean` or `low`."""
    pictures = {name: labels.picture(name) for name in labels.people}
    if variant == "clean":
        return pictures
    return {
        name: degraded(picture, max(detector.detect(picture), key=lambda face: face.box[2]))
        for name, picture in pictures.items()
    }


class ToldApart(NamedTuple):
    """How well people are told apart.

    Attributes:
        auc: the chance that two pictures of one person lie closer than two of different people.
        accepted: the share of pairs of one person that lie closer than all but one in a thousand
            pairs of different people.
        grouping: F1 over pairs, of the grouping that the pipeline uses.
        named: the share of pictures of contacts that are given their names.
        strangers: the share of pictures of others that are given a contact's name.
    """

    auc: float
    accepted: float
    grouping: float
    named: float
    strangers: float


@dataclass(eq=False)
class _Portrait:
    """A portrait in the place of a track, for the grouping that the pipeline uses."""

    embedding: NDArray[np.float32]
    first_seen: float

    @property
    def last_seen(self) -> float:
        """The same moment: no two portraits are seen at once."""
        return self.first_seen


def told_apart(people: Sequence[str], embeddings: NDArray[np.float32]) -> ToldApart:
    """Compare portraits of people with one another."""
    pairs = np.triu_indices(len(people), 1)
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)[pairs]
    same = together(people)[pairs]
    own, others = distances[same], np.sort(distances[~same])
    seen = [_Portrait(embedding, float(at)) for at, embedding in enumerate(embeddings)]
    group_of = {one: number for number, group in enumerate(group_tracks(seen)) for one in group}
    named, strangers = _named(np.array(people), embeddings)
    return ToldApart(
        auc=float(1 - np.searchsorted(others, own).mean() / len(others)),
        accepted=float((own < others[len(others) // 1000]).mean()),
        grouping=f1(same, together([group_of[one] for one in seen])[pairs]),
        named=named,
        strangers=strangers,
    )


def _named(people: NDArray[Any], embeddings: NDArray[np.float32]) -> tuple[float, float]:
    """Return how often people are named by their other portraits, and by those of others alone."""
    own: list[bool] = []
    strange: list[bool] = []
    for number, person in enumerate(people):
        others = np.arange(len(people)) != number
        known = {
            name: embeddings[others & (people == name)].mean(axis=0) for name in set(people[others])
        }
        far = {
            name: float(np.linalg.norm(centre - embeddings[number]))
            for name, centre in known.items()
        }
        if person in far:
            nearest = min(far, key=lambda name: far[name])
            own.append(nearest == person and likeness(far[nearest]) >= NAMED)
        nearest_stranger = min(distance for name, distance in far.items() if name != person)
        strange.append(likeness(nearest_stranger) >= NAMED)
    return float(np.mean(own)), float(np.mean(strange))


def together(values: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which pairs have equal values, (n, n)."""
    array = np.array(values)
    pairs: NDArray[np.bool_] = array[:, None] == array[None]
    return pairs


def f1(same: NDArray[np.bool_], grouped: NDArray[np.bool_]) -> float:
    """Return the F1 score over pairs."""
    right = float((grouped & same).sum())
    return 2 * right / float(grouped.sum() + same.sum())
