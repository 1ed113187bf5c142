"""What a second of video costs, beside the naive way: one decoding for every output.

    python -m benchmarks.video [FOLDER] [--rounds N]

FOLDER holds films (video/*.mp4) that are not part of the project; without it the sample video is
all there is. The films are made longer by repeating them, and larger or smaller as the table says.
Times are CPU seconds of this process, all threads; rounds are interleaved, and medians count.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from skimage.metrics import structural_similarity

from vib.local.sample import make_sample
from vib.video import samples
from vib.video.colours import BT709
from vib.video.decode import Decoding
from vib.video.encode import Mp4Writer
from vib.video.gallery import Gallery
from vib.video.pictures import PIXEL_FORMAT, Scaler
from vib.video.probe import audio_stream, open_video, probe, video_stream
from vib.video.renditions import RENDITIONS, Rendition, output_rate, scaled
from vib.video.sound import LAYOUT, SAMPLE_RATE, Soundtrack
from vib.video.transcode import transcode

DATA = Path(__file__).parents[2] / "shared" / "data" / "faces"
SECONDS = 12.0
WANTED = [RENDITIONS["720p"], RENDITIONS["480p"]]
COMPARED = 10  # every so many pictures are compared with the source's


@dataclass(frozen=True)
class Source:
    """A film to work on, and how it came to be."""

    name: str
    path: Path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print("| film | outputs | s of video per CPU s | naive | times | samples cost | SSIM |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with TemporaryDirectory() as scratch:
        for source in sources(arguments.folder, Path(scratch)):
            compare(source, Path(scratch), arguments.rounds)


def sources(folder: Path, scratch: Path) -> Iterator[Source]:
    """Yield the films."""
    sample = scratch / "sample.mp4"
    make_sample(sample, SECONDS)
    yield Source("sample 720p, a copy for 720p", sample)
    for film in sorted((folder / "video").glob("*.mp4")):
        own = min(probe(film).width, probe(film).height)
        for height in (720, 1080):
            if height <= own:
                path = scratch / f"{film.stem}_{height}.mkv"
                repeat(film, path, height)
                yield Source(f"{film.stem[:12]} {height}p", path)
        if own < min(rendition.height for rendition in WANTED):
            path = scratch / f"{film.stem}.mkv"
            repeat(film, path, own)
            yield Source(f"{film.stem[:12]} {own}p", path)


def repeat(film: Path, path: Path, height: int) -> None:
    """Write a film again and again, as a camera would: H.264, good quality, AAC."""
    info = probe(film)
    size, rate = scaled(info, height), output_rate(info)
    with av.open(str(path), "w") as file:
        picture = file.add_stream("libx264", rate, options={"preset": "veryfast", "crf": "18"})
        picture.width, picture.height = size
        picture.pix_fmt = PIXEL_FORMAT
        sound = file.add_stream("aac", SAMPLE_RATE, layout=LAYOUT) if info.audio_codec else None
        scaler, count = Scaler(*size), 0
        for again in range(round(SECONDS / info.duration + 0.5)):
            track = Soundtrack(info.duration)
            for frame, moment in frames(film):
                if isinstance(frame, VideoFrame):
                    image = scaler.scale(frame)
                    image.pts, image.time_base, image.pict_type = count, 1 / rate, 0
                    count += 1
                    file.mux(picture.encode(image))
                elif sound:
                    for piece in track.add(frame, moment):
                        piece.pts = (piece.pts or 0) + round(again * info.duration * SAMPLE_RATE)
                        file.mux(sound.encode(piece))
        file.mux(picture.encode(None))
        if sound:
            file.mux(sound.encode(None))


def frames(path: Path) -> Iterator[tuple[VideoFrame | AudioFrame, Fraction | None]]:
    """Decode a file."""
    with open_video(path) as container:
        decoding = Decoding(container, video_stream(container, path), audio_stream(container))
        for decoded in decoding:
            yield from decoded


def compare(source: Source, scratch: Path, rounds: int) -> None:
    """Print a film's line."""
    info = probe(source.path)
    folder = scratch / "made"
    folder.mkdir(exist_ok=True)
    ours, bare, naive = [], [], []
    for _ in range(rounds):
        ours.append(cpu(lambda: transcode(source.path, info, folder, WANTED)))
        bare.append(cpu(lambda: transcode(source.path, info, folder, WANTED, sampled=False)))
        naive.append(cpu(lambda: naively(source.path, folder)))
    likeness = ssim(source.path, folder)
    seconds = info.duration
    outputs = ", ".join(sorted(path.stem for path in folder.glob("[0-9]*.mp4")))
    cost = median(o - b for o, b in zip(ours, bare, strict=True)) / median(ours)
    times = median(n / o for n, o in zip(naive, ours, strict=True))
    print(
        f"| {source.name}, {seconds:.0f} s | {outputs} | {seconds / median(ours):.2f} "
        f"| {seconds / median(naive):.2f} | {times:.1f} | {cost:.1%} | {likeness:.3f} |",
        flush=True,
    )
    for path in folder.iterdir():
        path.unlink()


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that something takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def naively(path: Path, folder: Path) -> None:
    """Make the same with a decoding for each rendition, one for the pictures, one for samples."""
    info = probe(path)
    for rendition in WANTED:
        encode_alone(path, folder / f"naive_{rendition.name}", rendition)
    gallery = Gallery(info.duration, folder)
    scaler = Scaler(*scaled(info, 720))
    for frame, moment in frames(path):
        if isinstance(frame, VideoFrame):
            gallery.offer(scaler.scale(frame), float(moment or 0))
    gallery.finish()
    with samples.SampleWriter(folder / "naive_samples", info.width, info.height) as sampler:
        for frame, moment in frames(path):
            if isinstance(frame, VideoFrame):
                sampler.offer(frame, float(moment or 0))


def encode_alone(path: Path, target: Path, rendition: Rendition) -> None:
    """Decode a film and encode it once."""
    info = probe(path)
    size = scaled(info, rendition.height)
    scaler, track, count = Scaler(*size), Soundtrack(info.duration), 0
    with Mp4Writer(
        target,
        size=size,
        rate=output_rate(info),
        video_bitrate=rendition.video_bitrate,
        audio_bitrate=rendition.audio_bitrate if info.audio_codec else None,
        colours=BT709,
    ) as writer:
        for frame, moment in frames(path):
            if isinstance(frame, AudioFrame):
                for piece in track.add(frame, moment):
                    writer.write_sound(piece)
            else:
                image = scaler.scale(frame)
                image.pict_type = 0
                writer.write_picture(image, count)
                count += 1


def ssim(path: Path, folder: Path) -> float:
    """Return how alike the largest rendition and the source are, at the rendition's size."""
    made = max(folder.glob("[0-9]*.mp4"), key=lambda file: probe(file).height)
    info = probe(made)
    scaler = Scaler(info.width, info.height)
    pairs = zip(luma(path, scaler), luma(made, scaler), strict=False)
    return float(np.mean([structural_similarity(a, b) for a, b in pairs]))  # type: ignore[no-untyped-call]


def luma(path: Path, scaler: Scaler) -> Iterator[np.ndarray]:
    """Yield the brightness of some of a film's pictures."""
    pictures = (frame for frame, _ in frames(path) if isinstance(frame, VideoFrame))
    for index, frame in enumerate(pictures):
        if index % COMPARED == 0:
            scaled_frame = scaler.scale(frame)
            yield scaled_frame.to_ndarray()[: scaled_frame.height]


if __name__ == "__main__":
    main()
