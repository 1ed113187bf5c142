from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from vib.popeye.stills import (
    StillPicker,
    poster,
    poster_moment,
    save_jpeg,
    thumbnail,
    thumbnail_moments,
)


def frame(contrast: int) -> VideoFrame:
    """A chessboard; the higher the contrast, the sharper."""
    board = np.indices((60, 80)).sum(axis=0) // 8 % 2 * contrast
    picture = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    return VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")


def halves(size: tuple[int, int]) -> Image.Image:
    """A picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize(("duration", "moment"), [(60.0, 3.0), (6.0, 3.0), (2.0, 1.0)])
def test_the_poster_shows_second_three_or_the_middle_of_a_short_video(
    duration: float, moment: float
) -> None:
    assert poster_moment(duration) == moment


def test_thumbnails_are_spread_over_the_video() -> None:
    assert thumbnail_moments(12.0, count=4) == [1.5, 4.5, 7.5, 10.5]


def test_picks_the_sharpest_frame_within_half_a_second() -> None:
    picker = StillPicker([1.0])

    for timecode, contrast in [(0.9, 250), (1.0, 50), (1.2, 200), (1.4, 100), (1.6, 250)]:
        picker.offer(frame(contrast), timecode)

    (still,) = picker.finish()
    assert still.timecode == 1.2
    assert np.asarray(still.image).max() == pytest.approx(200, abs=3)


def test_passes_over_a_black_frame() -> None:
    picker = StillPicker([0.0])

    for timecode, contrast in [(0.0, 0), (0.1, 30)]:
        picker.offer(frame(contrast), timecode)

    assert picker.finish()[0].timecode == 0.1


def test_takes_the_next_frame_where_there_is_none_so_soon() -> None:
    picker = StillPicker([1.0])

    for timecode in (0.0, 2.0, 3.0):
        picker.offer(frame(100), timecode)

    assert picker.finish()[0].timecode == 2.0


def test_takes_the_last_frame_where_the_video_ends_before() -> None:
    picker = StillPicker([0.0, 9.0])

    for timecode in (0.0, 1.0, 2.0):
        picker.offer(frame(100), timecode)

    assert [still.timecode for still in picker.finish()] == [0.0, 2.0]


def test_picks_nothing_from_nothing() -> None:
    assert StillPicker([0.0, 1.0]).finish() == []


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (288, 216), (32, 16)])
def test_a_poster_shows_the_whole_picture(size: tuple[int, int]) -> None:
    made = poster(halves(size))

    assert made.size == (288, 216)
    width = min(288, 216 * size[0] // size[1])
    left, right = 144 - width // 2, 144 + width // 2
    assert made.getpixel((left + 3, 108)) == (255, 0, 0)
    assert made.getpixel((right - 4, 108)) == (0, 0, 255)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (32, 16)])
def test_a_thumbnail_is_a_square_from_the_middle(size: tuple[int, int]) -> None:
    made = thumbnail(halves(size))

    assert made.size == (128, 128)
    assert made.getpixel((10, 64)) == (255, 0, 0)
    assert made.getpixel((117, 64)) == (0, 0, 255)


def test_saves_over_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "poster.jpg"
    path.write_bytes(b"an older poster")

    save_jpeg(halves((288, 216)), path)

    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", (288, 216))
