import itertools
import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from vib.errors import BadVideo
from vib.video import samples
from vib.video.made import Made
from vib.video.probe import probe
from vib.video.renditions import Rendition
from vib.video.transcode import transcode

TURN_CLOCKWISE = {
    90: (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
    180: (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30),
    270: (0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30),
}

MakeVideo = Callable[..., Path]
Watch = Callable[[Path], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "made"
    path.mkdir()
    return path


def only_rendition(made: list[Made]) -> Made:
    (rendition,) = [file for file in made if file.kind == "main"]
    return rendition


def rendition_of(source: Path, folder: Path) -> Made:
    return only_rendition(transcode(source, probe(source), folder))


# What is made


@pytest.fixture(scope="module")
def made_from_sample(sample_video: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    return transcode(sample_video, probe(sample_video), tmp_path_factory.mktemp("made"))


def test_makes_renditions_a_poster_and_thumbnails(made_from_sample: list[Made]) -> None:
    assert [(file.name, file.kind, file.width, file.height) for file in made_from_sample] == [
        ("720p", "main", 1280, 720),
        ("480p", "main", 852, 480),
        ("poster", "poster", 288, 216),
        *((f"thumbnail_{number}", "thumbnail", 128, 128) for number in range(1, 5)),
        *((f"image_{number}", "image", 1280, 720) for number in range(1, 5)),
        ("poster_animated", "poster_animated", 288, 216),
    ]
    folder = made_from_sample[0].path.parent
    paths = [file.path for file in made_from_sample]
    assert sorted(folder.iterdir()) == sorted([*paths, folder / samples.FILENAME])


def test_describes_renditions_as_players_see_them(made_from_sample: list[Made]) -> None:
    large, small, *_ = made_from_sample

    for file, limit in ((large, 1_500_000 + 160_000), (small, 1_000_000 + 128_000)):
        info = probe(file.path)
        assert file.mimetype == "video/mp4"
        assert (info.video_codec, info.audio_codec) == ("h264", "aac")
        assert (info.width, info.height) == (file.width, file.height)
        assert info.frames == 300
        assert file.bytes == file.path.stat().st_size
        assert file.duration == pytest.approx(12.0, abs=0.1)
        assert file.bitrate is not None
        assert file.bitrate < limit
        assert file.timecode is None


def test_stills_are_jpegs_of_their_moment(made_from_sample: list[Made]) -> None:
    *stills, animation = [file for file in made_from_sample if file.kind != "main"]

    moments = [3.0, 1.5, 4.5, 7.5, 10.5, 1.5, 4.5, 7.5, 10.5]
    assert [file.timecode for file in stills] == pytest.approx(moments, abs=0.5)
    assert animation.timecode is None
    for file in stills:
        assert (file.mimetype, file.duration, file.bitrate) == ("image/jpeg", None, None)
        with Image.open(file.path) as image:
            assert (image.format, image.size) == ("JPEG", (file.width, file.height))
            assert np.asarray(image).std() > 20  # not one colour


def test_the_animated_poster_shows_ten_moments(made_from_sample: list[Made]) -> None:
    with Image.open(made_from_sample[-1].path) as image:
        assert (image.format, image.size) == ("WEBP", (288, 216))
        assert (image.n_frames, image.info["loop"]) == (10, 0)
        frames = [
            np.asarray(frame.convert("L"), np.int16) for frame in ImageSequence.Iterator(image)
        ]
    assert all(np.abs(a - b).mean() > 1 for a, b in itertools.pairwise(frames))


def test_the_index_comes_first_so_that_playing_starts_at_once(
    make_video: MakeVideo, folder: Path
) -> None:
    content = rendition_of(make_video(), folder).path.read_bytes()

    assert content.index(b"moov") < content.index(b"mdat")


def test_a_second_run_replaces_what_the_first_one_made(make_video: MakeVideo, folder: Path) -> None:
    source = make_video()

    first = transcode(source, probe(source), folder)
    second = transcode(source, probe(source), folder)

    assert first == second
    assert len(list(folder.iterdir())) == len([*first, samples.FILENAME])


# Sizes


@pytest.mark.parametrize(
    ("size", "heights", "expected"),
    [
        ((320, 240), (720, 360, 120), {"360p": (320, 240), "120p": (160, 120)}),
        ((320, 240), (240,), {"240p": (320, 240)}),
        ((240, 320), (120,), {"120p": (120, 160)}),
        ((270, 152), (100,), {"100p": (176, 100)}),
        ((33, 17), (720,), {"720p": (32, 16)}),
    ],
    ids=["never larger than the source", "as large", "portrait", "uneven scale", "tiny and odd"],
)
def test_sizes_of_renditions(
    make_video: MakeVideo,
    folder: Path,
    size: tuple[int, int],
    heights: tuple[int, ...],
    expected: dict[str, tuple[int, int]],
) -> None:
    source = make_video("video.mov", size=size, codec="prores_ks", pix_fmt="yuv422p10le")
    renditions = [Rendition(f"{height}p", height) for height in heights]

    made = transcode(source, probe(source), folder, renditions)

    sizes = {file.name: (file.width, file.height) for file in made if file.kind == "main"}
    assert sizes == expected


def test_pixels_become_square(make_video: MakeVideo, folder: Path) -> None:
    source = make_video(size=(180, 120), pixel_aspect=Fraction(32, 27))

    made = rendition_of(source, folder)

    assert (made.width, made.height) == (212, 120)
    with av.open(str(made.path)) as file:
        assert file.streams.video[0].sample_aspect_ratio in (None, 0, 1)


@pytest.mark.parametrize("rotation", TURN_CLOCKWISE)
def test_pictures_are_turned_upright_and_the_turn_is_cleared(
    make_video: MakeVideo, watch: Watch, folder: Path, rotation: int
) -> None:
    source = make_video(matrix=TURN_CLOCKWISE[rotation])

    made = rendition_of(source, folder)

    assert probe(made.path).rotation == 0
    assert (made.width, made.height) == ((160, 120) if rotation == 180 else (120, 160))
    # The corner that was top left in the file goes where a clockwise turn takes it.
    picture = watch(made.path).pictures[-1]
    height, width = picture.shape
    quarters = {
        90: picture[: height // 2, width // 2 :],
        180: picture[height // 2 :, width // 2 :],
        270: picture[height // 2 :, : width // 2],
    }
    assert quarters[rotation].mean() > 180
    assert picture.mean() < 90


def test_a_size_that_changes_in_the_middle_is_scaled(
    make_video: MakeVideo, watch: Watch, folder: Path
) -> None:
    source = make_video("video.ts", seconds=1.0)
    larger = make_video("larger.ts", seconds=1.0, size=(320, 240), output_ts_offset="1")
    source.write_bytes(source.read_bytes() + larger.read_bytes())

    made = rendition_of(source, folder)

    assert (made.width, made.height) == (160, 120)
    assert len(watch(made.path).times) == pytest.approx(60, abs=2)


# Time


@pytest.mark.parametrize(("rate", "expected"), [(24, 48), (25, 50), (60, 60), (120, 60)])
def test_a_rate_above_thirty_is_lowered_and_others_stay(
    make_video: MakeVideo, watch: Watch, folder: Path, rate: int, expected: int
) -> None:
    made = rendition_of(make_video(rate=rate), folder)

    watched = watch(made.path)
    assert len(watched.times) == pytest.approx(expected, abs=1)
    assert made.duration == pytest.approx(2.0, abs=2 / 30)
    assert watched.flash == pytest.approx(1.0, abs=1 / 30)


def test_a_variable_rate_becomes_constant(
    make_video: MakeVideo, watch: Watch, folder: Path
) -> None:
    times = [0.0, 0.04, 0.08, 0.5, 0.9, 1.0, 1.04, 1.8, 1.9, 2.0]

    watched = watch(rendition_of(make_video(times=times), folder).path)

    assert watched.times == pytest.approx([index * 1001 / 30_000 for index in range(61)], abs=1e-4)
    assert watched.flash == pytest.approx(1.0, abs=0.02)


def test_picture_and_sound_stay_together(make_video: MakeVideo, watch: Watch, folder: Path) -> None:
    source = make_video(sound=[(0.0, 2.0)])

    watched = watch(rendition_of(source, folder).path)

    assert watched.flash == pytest.approx(1.0, abs=0.01)
    assert watched.beep == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    "sound",
    [[(0.4, 2.0)], [(0.0, 0.3), (0.8, 2.0)]],
    ids=["begins late", "has a hole"],
)
def test_sound_that_is_missing_for_a_while_is_silence(
    make_video: MakeVideo, watch: Watch, folder: Path, sound: list[tuple[float, float]]
) -> None:
    source = make_video("video.mkv", sound=sound)

    watched = watch(rendition_of(source, folder).path)

    assert watched.beep == pytest.approx(1.0, abs=0.05)
    assert watched.sound_start + len(watched.sound) / 48_000 == pytest.approx(2.0, abs=0.1)


def test_pictures_that_begin_after_the_sound_keep_their_time(
    make_video: MakeVideo, watch: Watch, folder: Path
) -> None:
    times = [0.5 + index / 25 for index in range(40)]
    source = make_video("video.mkv", times=times, sound=[(0.0, 2.0)])

    watched = watch(rendition_of(source, folder).path)

    assert watched.times[0] == pytest.approx(0.5, abs=0.01)
    assert watched.flash == pytest.approx(1.0, abs=0.041)
    assert watched.beep == pytest.approx(1.0, abs=0.05)


def test_a_file_that_does_not_begin_at_zero_begins_at_zero(
    make_video: MakeVideo, watch: Watch, folder: Path
) -> None:
    source = make_video("video.ts", sound=[(0.0, 2.0)], output_ts_offset="100")
    assert watch(source).times[0] >= 100

    watched = watch(rendition_of(source, folder).path)

    assert watched.flash == pytest.approx(1.0, abs=0.05)
    assert watched.beep == pytest.approx(1.0, abs=0.07)


def test_no_sound_stays_no_sound(make_video: MakeVideo, folder: Path) -> None:
    assert probe(rendition_of(make_video(), folder).path).audio_codec is None


def test_sound_of_values_that_are_no_numbers(make_video: MakeVideo, folder: Path) -> None:
    source = make_video("video.mov", sound=[(0.0, 2.0)], audio_codec="pcm_f32le")
    silence, noise = bytes(4000), np.float32([np.nan, np.inf, -np.inf, 1e38] * 250).tobytes()
    content = source.read_bytes()
    assert silence in content
    source.write_bytes(content.replace(silence, noise))

    assert probe(rendition_of(source, folder).path).audio_codec == "aac"


# Colours


def test_full_range_and_high_bit_depth_become_what_every_player_shows(
    make_video: MakeVideo, watch: Watch, folder: Path
) -> None:
    source = make_video("video.mov", codec="mjpeg", pix_fmt="yuvj420p")

    made = rendition_of(source, folder)

    with av.open(str(made.path)) as file:
        assert file.streams.video[0].pix_fmt == "yuv420p"
    before, after = watch(source).pictures[-1], watch(made.path).pictures[-1]
    assert after[:50, :70].mean() == pytest.approx(before[:50, :70].mean(), abs=6)


# Damage


def wipe(path: Path, share: slice) -> None:
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    size = len(content) - start
    span = slice(start + int(size * share.start), start + int(size * share.stop))
    content[span] = np.random.default_rng(0).bytes(span.stop - span.start)
    path.write_bytes(content)


def test_a_damaged_spot_is_passed_over_and_reported(
    make_video: MakeVideo, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = make_video(movflags="+faststart", codec_options={"g": "10"})
    wipe(source, slice(0.4, 0.5))
    caplog.clear()

    with caplog.at_level(logging.WARNING):
        made = rendition_of(source, folder)

    assert made.duration == pytest.approx(2.0, abs=0.5)
    assert caplog.messages == ["video.mp4 is damaged"]
    assert caplog.records[0].damaged_packets > 0


def test_a_file_of_which_nearly_nothing_can_be_decoded(make_video: MakeVideo, folder: Path) -> None:
    source = make_video(movflags="+faststart", seconds=4.0, codec_options={"g": "120"})
    wipe(source, slice(0.06, 1.0))

    with pytest.raises(BadVideo, match=r"^video\.mp4 is damaged: only \d+ of its \d+ pictures"):
        transcode(source, probe(source), folder)

    assert list(folder.iterdir()) == []


# Progress


def test_progress_goes_from_nothing_to_all_and_never_back(
    make_video: MakeVideo, folder: Path
) -> None:
    reports: list[float] = []
    source = make_video(sound=[(0.0, 2.0)])

    transcode(source, probe(source), folder, progress=reports.append)

    assert reports[0] == 0.0
    assert reports[-1] == 1.0
    assert reports == sorted(set(reports))
    assert len(reports) > 20


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.9])
def test_what_progress_raises_ends_the_work_and_leaves_nothing(
    make_video: MakeVideo, folder: Path, moment: float
) -> None:
    class CancelledError(Exception):
        pass

    def cancel(fraction: float) -> None:
        if fraction >= moment:
            raise CancelledError

    source = make_video(sound=[(0.0, 2.0)])

    with pytest.raises(CancelledError):
        transcode(source, probe(source), folder, progress=cancel)

    assert list(folder.iterdir()) == []
