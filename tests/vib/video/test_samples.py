from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from vib.errors import VibError
from vib.video.samples import Sample, Samples, SampleWriter


def frame(rgb: np.ndarray, pixel_format: str = "yuv420p") -> VideoFrame:
    return VideoFrame.from_ndarray(np.ascontiguousarray(rgb)).reformat(format=pixel_format)


def grey(level: int, size: tuple[int, int] = (64, 48)) -> VideoFrame:
    return frame(np.full((size[1], size[0], 3), level, np.uint8))


def write(path: Path, times: Sequence[float], size: tuple[int, int] = (64, 48)) -> Path:
    with SampleWriter(path, *size) as writer:
        for index, time in enumerate(times):
            writer.offer(grey(40 + index % 200, size), time)
    return path


def read(path: Path) -> list[Sample]:
    with Samples(path) as samples:
        return list(samples)


@pytest.mark.parametrize("rate", [5, 24, 25, Fraction(30_000, 1001), 60])
def test_four_frames_a_second_are_kept_with_their_times(
    tmp_path: Path, rate: int | Fraction
) -> None:
    times = [float(index / rate) for index in range(int(10 * rate))]

    samples = read(write(tmp_path / "samples.mkv", times))

    assert len(samples) == 40
    for number, sample in enumerate(samples):
        assert number / 4 - 0.001 <= sample.timecode < number / 4 + float(1 / rate) + 0.001


def test_every_frame_of_a_slow_video_is_kept(tmp_path: Path) -> None:
    times = [0.0, 0.9, 2.5, 7.3]

    samples = read(write(tmp_path / "samples.mkv", times))

    assert [sample.timecode for sample in samples] == pytest.approx(times, abs=0.001)


@pytest.mark.parametrize(
    ("video", "sample"),
    [
        ((640, 360), (640, 360)),
        ((1280, 720), (1280, 720)),
        ((1920, 1080), (1280, 720)),
        ((1080, 1920), (720, 1280)),
        ((33, 17), (33, 17)),
        ((4096, 2), (1280, 1)),
    ],
)
def test_samples_are_no_larger_than_faces_need_and_tell_the_videos_size(
    tmp_path: Path, video: tuple[int, int], sample: tuple[int, int]
) -> None:
    path = write(tmp_path / "samples.mkv", [0.0], video)

    with Samples(path) as samples:
        (only,) = samples

    assert (samples.width, samples.height) == video
    assert (only.width, only.height) == sample
    assert only.picture().shape == (sample[1], sample[0], 3)


def test_the_duration_reaches_from_the_first_to_the_last(tmp_path: Path) -> None:
    with Samples(write(tmp_path / "samples.mkv", [0.0, 5.0, 10.0])) as samples:
        assert samples.duration == pytest.approx(10.0, abs=0.3)


def test_a_picture_is_the_frame_in_its_colours(tmp_path: Path) -> None:
    with Image.open(Path(np.__file__).parents[1] / "skimage" / "data" / "astronaut.png") as image:
        before = np.asarray(image.convert("RGB").resize((320, 240)))
    with SampleWriter(tmp_path / "samples.mkv", 320, 240) as writer:
        writer.offer(frame(before), 0.0)

    (sample,) = read(tmp_path / "samples.mkv")

    difference = sample.picture().astype(int) - before
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5  # no cast of colour
    assert np.sqrt((difference**2).mean()) < 8
    half = np.asarray(Image.fromarray(before).reduce(2)).astype(int)
    assert np.sqrt(((sample.picture(0.5) - half) ** 2).mean()) < 8


def test_white_stays_white_and_black_black(tmp_path: Path) -> None:
    with SampleWriter(tmp_path / "samples.mkv", 64, 48) as writer:
        writer.offer(grey(0), 0.0)
        writer.offer(grey(255), 1.0)

    black, white = read(tmp_path / "samples.mkv")

    assert black.picture().max() <= 2
    assert white.picture().min() >= 253


def test_a_file_that_is_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "samples.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", 4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        file.mux(stream.encode(grey(9)))
        file.mux(stream.encode(None))

    with pytest.raises(VibError, match=r"^samples\.mkv does not hold the sampled frames"):
        Samples(path)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 100])
def test_a_file_that_is_no_video_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "samples.mkv"
    path.write_bytes(content)

    with pytest.raises(VibError, match="does not hold the sampled frames"):
        Samples(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Samples(tmp_path / "samples.mkv")
