"""How well and how fast faces are found, told apart and followed, beside what others use.

    .venv/bin/python -m benchmarks.faces [FOLDER]

FOLDER holds labelled photographs and films (labels.json, det/, id/, video/); they are not part of
the project. Times are CPU seconds, one thread; they vary with the machine's load.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.contest import ROOT
from benchmarks.contestants import Contestant
from benchmarks.face_clips import Portrait
from benchmarks.face_following import Following, followed
from benchmarks.face_pictures import (
    HIT,
    LOOSE_HIT,
    Labels,
    ToldApart,
    detection,
    portraits,
    told_apart,
)
from benchmarks.installation import CACHE, Installed, UnavailableError, install
from benchmarks.report import markdown
from vib.faces.align import cut_chip
from vib.faces.detect import Detector
from vib.faces.dlib_onnx import INPUT, OUTPUT
from vib.faces.embed import Embedder
from vib.faces.find import find_faces
from vib.faces.group import group_tracks
from vib.faces.models import DLIB_RESNET, open_network
from vib.local.sample import make_sample
from vib.recognisers.embedded import EmbeddedRecogniser
from vib.video.probe import probe
from vib.video.samples import FILENAME
from vib.video.transcode import transcode

Picture = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "shared" / "data" / "faces"
PEERS = Contestant("peers", "benchmarks.peers.faces", environment="faces")
DETECTORS = ("CenterFace", "MTCNN", "dlib HOG", "OpenCV Haar")
SIZES = ((640, 360), (1280, 720))
NAIVE_FRAMES = 12  # of a film that the naive way is given, spread over it
SEEDS = range(100, 108)  # of films made of photographs; others were used while it was built
RUNS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where peers are installed")
    parser.add_argument("--clips", type=int, default=len(SEEDS), help="films made of photographs")
    options = parser.parse_args(arguments)
    if not (options.folder / "labels.json").exists():
        print(f"There are no labelled photographs in {options.folder}.", file=sys.stderr)
        return 2
    labels, bench = Labels(options.folder), Bench(_peers(options.cache))
    with TemporaryDirectory() as scratch:
        bench.detectors(labels, Path(scratch))
        bench.people(labels, Path(scratch))
        bench.embedders(labels, Path(scratch))
        bench.clips(labels, Path(scratch), SEEDS[: options.clips])
        bench.films(options.folder / "video", Path(scratch))
    return 0


def _peers(cache: Path) -> Installed | None:
    try:
        return install(PEERS, cache)
    except UnavailableError as error:
        print(f"The peers are left out: {error}.")
        return None


class Bench:
    """Runs one comparison after the other."""

    def __init__(self, peers: Installed | None) -> None:
        """Take the peers' environment; None leaves them out."""
        self._peers = peers
        self._detector = Detector()
        self._embedder = Embedder()
        self._recogniser = EmbeddedRecogniser()

    def detectors(self, labels: Labels, scratch: Path) -> None:
        """Print recall, precision and speed on the labelled photographs."""
        pictures = labels.at_640()
        boxes = {name: [f.box for f in self._detector.detect(p)] for name, p in pictures.items()}
        found = detection(labels, boxes)
        random = np.random.default_rng(0)
        took = [
            milliseconds(
                partial(
                    self._detector.detect_unscaled, random.integers(0, 256, (h, w, 3), np.uint8)
                )
            )
            for w, h in SIZES
        ]
        rows = [["ours: YuNet", *_numbers(found, ".4f"), *_numbers(took, ".1f")]]
        folder, names = saved(pictures, scratch / "photographs")
        for peer in DETECTORS if self._peers else ():
            answer = self._ask(peer, folder)
            seen = {
                name: [tuple(box) for box in answer["boxes"][stem]] for stem, name in names.items()
            }
            found = max(detection(labels, seen, hit) for hit in (HIT, LOOSE_HIT))
            rows.append(
                [peer, *_numbers(found, ".4f"), *_numbers(answer["milliseconds"].values(), ".1f")]
            )
        _table(["detector", "recall", "precision", *(f"ms, {w}x{h}" for w, h in SIZES)], rows)

    def people(self, labels: Labels, scratch: Path) -> None:
        """Print how well portraits of the same people are told from those of others."""
        rows = []
        for variant in ("clean", "low"):
            pictures = portraits(labels, variant, self._detector)
            found = {name: self._largest(picture) for name, picture in pictures.items()}
            rows.append(_told(f"ours, {variant}", labels.people, found))
            if self._peers:
                folder, names = saved(pictures, scratch / variant)
                answer = self._ask("recognise", folder)
                theirs = {name: answer[stem] for stem, name in names.items()}
                rows.append(_told(f"face_recognition, {variant}", labels.people, theirs))
        _table(["", "portraits", *ToldApart._fields], rows)

    def embedders(self, labels: Labels, scratch: Path) -> None:
        """Print how far our network's numbers are from dlib's, and what a face costs."""
        folder = scratch / "chips"
        folder.mkdir()
        pictures = [labels.picture(name) for name in labels.people]
        chips = np.stack([self._chip(picture) for picture in pictures])
        np.save(folder / "chips.npy", chips)
        session = open_network(DLIB_RESNET)
        ours = session.run([OUTPUT], {INPUT: chips})[0]
        rows = [
            [
                "ours: the same on onnxruntime",
                f"{milliseconds(lambda: session.run([OUTPUT], {INPUT: chips[:1]})):.1f}",
                "-",
            ]
        ]
        if self._peers:
            answer = self._ask("embed", folder)
            apart = np.abs(ours - np.array(answer["embeddings"])).max()
            rows.append(["dlib", f"{answer['milliseconds']:.1f}", f"{apart:.1e}"])
        _table(["embedder", "ms a face", "farthest from ours"], rows)

    def clips(self, labels: Labels, scratch: Path, seeds: Sequence[int]) -> None:
        """Print how well people are followed and grouped in films made of photographs."""
        cast = []
        for name, person in labels.people.items():
            picture = labels.picture(name)
            face = max(self._detector.detect(picture), key=lambda face: face.box[2])
            cast.append(Portrait(person, picture, face))
        rows = []
        for variant in ("clean", "low"):
            find = partial(self._found, scratch / "clip.mkv")
            seen = followed(scratch / "clip.mkv", cast, variant, seeds, find)
            rows.append([variant, *_numbers(seen, "g")])
        _table(["films", *Following._fields], rows)

    def films(self, folder: Path, scratch: Path) -> None:
        """Print what finding the faces of films costs, beside transcoding and the naive way."""
        sample = scratch / "sample_720p.mp4"
        make_sample(sample)
        rows = []
        for film in (*sorted(folder.glob("*.mp4")), sample):
            info = probe(film)
            runs = []
            for _ in range(3):
                start = time.process_time()
                transcode(film, info, scratch)
                middle = time.process_time()
                tracks = self._found(scratch / FILENAME)
                runs.append((time.process_time() - middle, middle - start))
            faces, transcoding = min(runs, key=lambda run: run[0] / run[1])
            people = group_tracks([track for track in tracks if track.flaw is None])
            row = [
                film.name,
                f"{info.width}x{info.height}",
                f"{info.duration:.1f}",
                str(len(people)),
            ]
            row += [f"{faces / info.duration * 1000:.0f}", f"{faces / transcoding:.0%}"]
            if self._peers:
                naive = self._ask("naive", spread_frames(film, scratch / film.stem))["seconds"]
                row.append(f"{naive * info.fps * info.duration / faces:.0f}")
            rows.append(row)
        head = [
            "film",
            "size",
            "s",
            "people",
            "CPU ms per s",
            "of transcoding",
            "naive way, times ours",
        ]
        _table(head[: len(rows[0])], rows)

    def _found(self, samples: Path) -> Any:
        return find_faces(
            samples,
            detector=self._detector,
            embedder=self._embedder,
            flaw=self._recogniser.flaw,
        )

    def _chip(self, picture: Picture) -> Picture:
        face = max(self._detector.detect(picture), key=lambda face: face.box[2])
        return cut_chip(picture, self._detector.look_again(picture, face).landmarks)

    def _largest(self, picture: Picture) -> NDArray[np.float32] | None:
        if not self._detector.detect(picture):
            return None
        embedding: NDArray[np.float32] = self._embedder.embed(self._chip(picture)[None])[0]
        return embedding

    def _ask(self, what: str, folder: Path) -> Any:
        assert self._peers is not None  # noqa: S101 - nobody asks without them
        command = [str(self._peers.python), "-m", PEERS.module, what, str(folder)]
        one_thread = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | one_thread, stdout=subprocess.PIPE, check=True
        )
        return json.loads(done.stdout)


def saved(pictures: Mapping[str, Picture], folder: Path) -> tuple[Path, dict[str, str]]:
    """Write pictures for another process; the folder, and which file is which."""
    folder.mkdir()
    names = {f"{number:04}": name for number, name in enumerate(pictures)}
    for stem, name in names.items():
        np.save(folder / f"{stem}.npy", pictures[name])
    return folder, names


def spread_frames(film: Path, folder: Path) -> Path:
    """Write some frames of a film, at their full size, for another process."""
    with av.open(str(film)) as file:
        frames = list(file.decode(video=0))
    chosen = np.linspace(0, len(frames) - 1, NAIVE_FRAMES).round().astype(int)
    saved({str(n): frames[n].to_ndarray(format="rgb24") for n in chosen.tolist()}, folder)
    return folder


def milliseconds(work: Callable[[], object]) -> float:
    """Return the CPU time of the fastest of some runs, after a first one that is not counted."""
    work()
    took = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took) * 1000


def _told(name: str, people: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    seen = {key: embedding for key, embedding in found.items() if embedding is not None}
    result = told_apart([people[key] for key in seen], np.array(list(seen.values()), np.float32))
    return [name, f"{len(seen)} of {len(found)}", *_numbers(result, ".4f")]


def _numbers(values: Any, form: str) -> list[str]:
    return [format(value, form) for value in values]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(markdown(head, rows), end="\n\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
