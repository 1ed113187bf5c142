"""What cameras, phones and editors really write, and what has to become of it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from skimage.metrics import structural_similarity

from vib.video.made import Made
from vib.video.probe import probe
from vib.video.renditions import Rendition
from vib.video.transcode import transcode

MakeVideo = Callable[..., Path]
Watch = Callable[[Path], Any]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Makes the one rendition of a source at its own size."""

    def largest(source: Path, height: int = 720) -> Made:
        folder = tmp_path / "made"
        folder.mkdir()
        made = transcode(source, probe(source), folder, [Rendition("out", height)])
        return next(file for file in made if file.kind == "main")

    return largest


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def is_constant(times: list[float], rate: float) -> bool:
    return bool(np.allclose(np.diff(times), 1 / rate, atol=1e-4))


# Copies


def test_what_every_browser_plays_is_copied_not_encoded(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made]
) -> None:
    source = make_video(rate=25, sound=[(0.0, 2.0)])

    made = make(source)

    assert packets(made.path) == packets(source)
    watched = watch(made.path)
    assert watched.flash == pytest.approx(1.0, abs=0.001)
    assert watched.beep == pytest.approx(1.0, abs=0.03)
    content = made.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    "options",
    [
        {"name": "video.mkv"},
        {"codec": "mpeg4"},
        {"pix_fmt": "yuv444p"},
        {"matrix": (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)},
        {"rate": 60},
        {"times": [0.0, 0.1, 0.5, 0.6, 1.2, 2.0]},
        {"pixel_aspect": Fraction(4, 3)},
        {"seconds": 13.0, "codec_options": {"g": "400"}, "size": (32, 32)},
    ],
    ids=["format", "codec", "colour", "rotated", "fast", "variable", "pixels", "long GOPs"],
)
def test_what_some_browser_does_not_play_is_encoded(
    make_video: MakeVideo, make: Callable[..., Made], options: dict[str, Any]
) -> None:
    source = make_video(**options)

    made = make(source)

    assert packets(made.path) != packets(source)
    with av.open(str(made.path)) as file:
        (video,) = file.streams.video
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")


def test_a_file_that_is_damaged_on_the_way_is_encoded_not_copied(
    make_video: MakeVideo, make: Callable[..., Made], watch: Watch
) -> None:
    source = make_video(movflags="+faststart", codec_options={"g": "10"})
    content = bytearray(source.read_bytes())
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[middle : middle + 2000] = np.random.default_rng(0).bytes(2000)
    source.write_bytes(content)

    made = make(source)

    assert packets(made.path)[:10] != packets(source)[:10]
    assert watch(made.path).times[-1] == pytest.approx(2.0, abs=0.1)


# Codecs


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("video.mkv", "libx264", "yuv420p"),
        ("video.mkv", "libx264", "yuv420p10le"),
        ("video.mp4", "libx265", "yuv420p10le"),
        ("video.webm", "libvpx-vp9", "yuv420p"),
        ("video.mkv", "libsvtav1", "yuv420p"),
        ("video.mpg", "mpeg2video", "yuv420p"),
        ("video.avi", "mjpeg", "yuvj420p"),
        ("video.avi", "mpeg4", "yuv420p"),
        ("video.mov", "prores_ks", "yuv422p10le"),
        ("video.mov", "png", "rgb24"),
        ("video.mkv", "ffv1", "bgr0"),
    ],
)
def test_the_picture_is_the_sources(
    make_video: MakeVideo, make: Callable[..., Made], name: str, codec: str, pix_fmt: str
) -> None:
    source = make_video(
        name, codec=codec, pix_fmt=pix_fmt, size=(320, 240), rate=25, picture=landscape
    )

    made = make(source)

    before, after = pictures(source), pictures(made.path)
    assert len(after) == pytest.approx(50, abs=1)
    assert made.duration == pytest.approx(2.0, abs=0.1)
    alike = [
        structural_similarity(a, b, channel_axis=2, data_range=255)
        for a, b in zip(before[::12], after[::12], strict=False)
    ]
    assert min(alike) > 0.9
    assert np.abs(np.mean(before[24], axis=(0, 1)) - np.mean(after[24], axis=(0, 1))).max() < 3


def landscape(size: tuple[int, int], time: float) -> np.ndarray:
    """Soft colours that move."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    waves = [
        127 + 100 * np.sin((x * a + y * b) / 25 + 3 * time)
        for a, b in ((1.0, 0.2), (0.3, 1.0), (-0.7, 0.6))
    ]
    return np.stack(waves, axis=2).astype(np.uint8)


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


# Time


@pytest.mark.parametrize("name", ["video.mkv", "video.mp4"])
def test_a_standing_picture_stands(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made], name: str
) -> None:
    source = make_video(name, times=[0.0, 0.5, 1.0, 13.0, 13.1], sound=[(0.0, 13.0)])

    watched = watch(make(source).path)

    assert is_constant(watched.times, 30_000 / 1001)
    assert watched.times[-1] == pytest.approx(13.1, abs=0.05)
    assert watched.flash == pytest.approx(1.0, abs=0.02)
    assert watched.beep == pytest.approx(1.0, abs=0.05)


def test_a_transport_stream_that_was_cut_together_goes_on(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made]
) -> None:
    source = make_video("video.ts", sound=[(0.0, 2.0)], output_ts_offset="5000")
    second = make_video("second.ts", sound=[(0.0, 2.0)], output_ts_offset="70")
    source.write_bytes(source.read_bytes() + second.read_bytes())

    watched = watch(make(source).path)

    assert is_constant(watched.times, 30_000 / 1001)
    assert watched.times[-1] == pytest.approx(4.0, abs=0.2)
    brightness = np.array([picture.max() for picture in watched.pictures]) > 180
    flashes = np.array(watched.times)[1:][np.diff(brightness.astype(int)) > 0]
    assert flashes == pytest.approx([1.0, 3.0], abs=0.15)
    windows = np.abs(watched.sound[: len(watched.sound) // 480 * 480]).reshape(-1, 480).max(axis=1)
    beeps = (np.flatnonzero(np.diff((windows > 0.2).astype(int)) > 0) + 1) / 100
    assert watched.sound_start + beeps == pytest.approx(flashes, abs=0.1)


def test_a_file_that_begins_before_zero_begins_at_zero(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made]
) -> None:
    source = make_video(
        "video.mkv", sound=[(0.0, 2.0)], output_ts_offset="-0.5", avoid_negative_ts="disabled"
    )
    with av.open(str(source)) as file:
        assert file.start_time < 0

    watched = watch(make(source).path)

    assert watched.flash == pytest.approx(1.0, abs=0.05)
    assert watched.beep == pytest.approx(watched.flash, abs=0.05)


# Sound


def test_of_several_sounds_the_default_is_heard(
    tmp_path: Path, watch: Watch, make: Callable[..., Made]
) -> None:
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", 25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        comment, film = (file.add_stream("pcm_s16le", 48_000, layout="mono") for _ in range(2))
        comment.disposition, film.disposition = 0, 1
        for index in range(50):
            frame = VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            file.mux(video.encode(frame))
            for stream, level in ((comment, 3_000), (film, 20_000)):
                wave = level * np.sign(np.sin(np.arange(1920) * 2 * np.pi / 96))
                sound = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
                sound.sample_rate, sound.pts = 48_000, index * 1920
                sound.time_base = Fraction(1, 48_000)
                file.mux(stream.encode(sound))
        file.mux(video.encode(None))

    watched = watch(make(path).path)

    assert np.median(np.abs(watched.sound)) > 0.3  # the comment is at 0.1


def test_surround_sound_becomes_stereo(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made]
) -> None:
    source = make_video("video.mkv", sound=[(0.0, 2.0)], audio_codec="ac3", layout="5.1")

    watched = watch(make(source).path)

    assert watched.channels == 2
    assert watched.beep == pytest.approx(1.0, abs=0.05)


# Light


def test_high_dynamic_range_becomes_standard(
    make_video: MakeVideo, make: Callable[..., Made]
) -> None:
    source = make_video(
        "video.mp4", codec="libx265", pix_fmt="yuv420p10le", colours=(9, 9, 18), rate=25
    )

    made = make(source)

    with av.open(str(made.path)) as file:
        (video,) = file.streams.video
        said = (video.colorspace, video.color_primaries, video.color_trc, video.color_range)
        assert [int(value) for value in said] == [1, 1, 1, 1]
        assert video.pix_fmt == "yuv420p"


def test_an_interlaced_video_becomes_progressive(
    make_video: MakeVideo, watch: Watch, make: Callable[..., Made]
) -> None:
    source = make_video(
        "video.mpg", codec="mpeg2video", rate=25, codec_options={"flags": "+ildct+ilme"}
    )
    with av.open(str(source)) as file:
        assert next(file.decode(video=0)).interlaced_frame

    made = make(source)

    watched = watch(made.path)
    assert is_constant(watched.times, 25)
    assert watched.flash == pytest.approx(1.0, abs=0.05)
    with av.open(str(made.path)) as file:
        assert not next(file.decode(video=0)).interlaced_frame
