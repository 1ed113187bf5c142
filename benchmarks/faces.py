"""How well and how fast faces are found, told apart and followed.

    python benchmarks/faces.py [FOLDER]

FOLDER holds labelled photographs and films (labels.json, det/, id/, video/); they are not part of
the project. Times are CPU seconds of this process, all threads; they vary with the machine's load.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vib.faces.align import cut_chip
from vib.faces.detect import Detection, Detector
from vib.faces.embed import Embedder
from vib.faces.find import find_faces
from vib.faces.geometry import overlap
from vib.faces.group import group_tracks
from vib.local.sample import make_sample
from vib.popeye.probe import probe
from vib.popeye.samples import FILENAME
from vib.popeye.transcode import transcode
from vib.recognisers.embedded import EmbeddedRecogniser

Picture = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "shared" / "data" / "faces"
HIT, DOUBTFUL = 0.4, 0.2  # intersection over union with a labelled box
LOW_WIDTH, LOW_QUALITY = 36, 60  # the hard variant: faces 36 pixels wide, JPEG quality 60


def main() -> None:
    """Print every figure."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    labels = json.loads((folder / "labels.json").read_text())
    detector, embedder = Detector(), Embedder()
    detection(folder, labels["boxes"], detector)
    for name, change in (("clean", lambda picture, _: picture), ("low", degraded)):
        verification(
            name, folder, labels["identities"], change, detector=detector, embedder=embedder
        )
    speed(detector, embedder)
    with TemporaryDirectory() as scratch:
        sample = Path(scratch) / "sample_720p.mp4"
        make_sample(sample)
        for film in (*sorted((folder / "video").glob("*.mp4")), sample):
            films(film, Path(scratch), detector, embedder)


def detection(folder: Path, boxes: dict[str, Any], detector: Detector) -> None:
    """Print recall and precision on the labelled photographs."""
    found = missed = wrong = 0
    for name, label in boxes.items():
        seen = [f.box for f in detector.detect(loaded(folder / name, label["size"]))]
        for face in map(tuple, label["faces"]):
            hit = max(seen, key=partial(overlap, face), default=None)
            if hit is not None and overlap(hit, face) >= HIT:
                found += 1
                seen.remove(hit)
            else:
                missed += 1
        wrong += sum(all(overlap(b, tuple(i)) < DOUBTFUL for i in label["ignore"]) for b in seen)
    recall, precision = found / (found + missed), found / (found + wrong)
    print(f"detection: {found + missed} faces, recall {recall:.4f}, precision {precision:.4f}")


@dataclass(eq=False)
class Portrait:
    """A portrait in the place of a track, for the grouping that the pipeline uses."""

    person: str
    embedding: NDArray[np.float32]
    first_seen: float
    score: float = 1.0

    @property
    def last_seen(self) -> float:
        """The same moment: no two portraits are seen at once."""
        return self.first_seen


def verification(
    variant: str,
    folder: Path,
    identities: dict[str, str],
    change: Callable[[Picture, Detection], Picture],
    *,
    detector: Detector,
    embedder: Embedder,
) -> None:
    """Print how well portraits of the same people are told from those of others, and grouped."""
    portraits: list[Portrait] = []
    for name, person in identities.items():
        picture = loaded(folder / name)
        largest = max(detector.detect(picture), key=lambda face: face.box[2])
        picture = change(picture, largest)
        for face in sorted(detector.detect(picture), key=lambda face: -face.box[2])[:1]:
            embedding = embedder.embed(cut_chip(picture, face.landmarks)[None])[0]
            portraits.append(Portrait(person, embedding, float(len(portraits))))
    embeddings = np.stack([portrait.embedding for portrait in portraits])
    pairs = np.triu_indices(len(portraits), 1)
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)[pairs]
    same = together([p.person for p in portraits])[pairs]
    own, others = distances[same], np.sort(distances[~same])
    auc = 1 - np.searchsorted(others, own).mean() / len(others)
    accepted = (own < others[len(others) // 1000]).mean()
    group_of = {p: number for number, g in enumerate(group_tracks(portraits)) for p in g}
    grouped = together([group_of[portrait] for portrait in portraits])[pairs]
    precision, recall = (grouped & same).sum() / grouped.sum(), (grouped & same).sum() / same.sum()
    print(
        f"{variant}: {len(portraits)} of {len(identities)} portraits, AUC {auc:.4f}, "
        f"TAR at FAR 1e-3 {accepted:.3f}, grouping F1 "
        f"{2 * precision * recall / (precision + recall):.4f} "
        f"(precision {precision:.3f}, recall {recall:.3f})"
    )


def together(values: list[Any]) -> NDArray[np.bool_]:
    """Return which pairs have equal values, (n, n)."""
    array = np.array(values)
    pairs: NDArray[np.bool_] = array[:, None] == array[None]
    return pairs


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


def speed(detector: Detector, embedder: Embedder) -> None:
    """Print what one frame and one face cost."""
    random = np.random.default_rng(0)
    for width, height in ((640, 360), (960, 540), (1280, 720)):
        frame = random.integers(0, 256, (height, width, 3), np.uint8)
        cost = milliseconds(partial(detector.detect_unscaled, frame))
        print(f"detection of a frame of {width}x{height}: {cost:.1f} ms")
    chip = random.integers(0, 256, (1, 150, 150, 3), np.uint8)
    cost = milliseconds(lambda: embedder.embed(chip))
    print(f"embedding of a face and its mirror image: {cost:.1f} ms")


def films(path: Path, scratch: Path, detector: Detector, embedder: Embedder) -> None:
    """Print what finding the faces of a film costs, beside transcoding it, and what was found."""
    info = probe(path)
    start = time.process_time()
    transcode(path, info, scratch)
    transcoding = time.process_time() - start
    tracks = find_faces(
        scratch / FILENAME, detector=detector, embedder=embedder, flaw=EmbeddedRecogniser().flaw
    )
    faces = time.process_time() - start - transcoding
    people = group_tracks([track for track in tracks if track.flaw is None])
    print(
        f"{path.name}, {info.width}x{info.height}, {info.duration:.1f} s: {len(tracks)} tracks, "
        f"{len(people)} people; {faces / info.duration:.3f} CPU s per second of video, "
        f"{faces / transcoding:.0%} of transcoding"
    )


def loaded(path: Path, size: list[int] | None = None) -> Picture:
    """Read a photograph, scaled to a size if one is given."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    if size and rgb.size != tuple(size):
        rgb = rgb.resize((size[0], size[1]), Image.Resampling.BILINEAR)
    return np.asarray(rgb)


def milliseconds(work: Callable[[], object], times: int = 30) -> float:
    """Return the CPU time of one run, after a first one that is not counted."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1000


if __name__ == "__main__":
    main()
