from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from vib.video.stills import (
    Choice,
    GoodOnes,
    StillPicker,
    moments,
    poster,
    poster_moment,
    save_jpeg,
    still_count,
    thumbnail,
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
    assert moments(12.0, 4) == [1.5, 4.5, 7.5, 10.5]


def picks(wanted: list[float], *frames: tuple[float, int]) -> list[Choice]:
    """What is chosen for the wanted moments from frames with their times and contrasts."""
    picker = StillPicker(wanted)
    offered = [
        choice for time, contrast in frames for choice in picker.offer(frame(contrast), time)
    ]
    return sorted(offered + picker.finish(), key=lambda choice: choice.index)


def test_picks_the_sharpest_frame_within_half_a_second() -> None:
    (still,) = picks([1.0], (0.9, 250), (1.0, 50), (1.2, 200), (1.4, 100), (1.6, 250))

    assert still.timecode == 1.2
    assert np.asarray(still.image).max() == pytest.approx(200, abs=3)


def test_passes_over_a_black_frame() -> None:
    assert picks([0.0], (0.0, 0), (0.1, 30))[0].timecode == 0.1


def test_takes_the_next_frame_where_there_is_none_so_soon() -> None:
    assert picks([1.0], (0.0, 100), (2.0, 100), (3.0, 100))[0].timecode == 2.0


def test_takes_the_last_frame_where_the_video_ends_before() -> None:
    chosen = picks([0.0, 9.0], (0.0, 100), (1.0, 100), (2.0, 100))

    assert [choice.timecode for choice in chosen] == [0.0, 2.0]


def test_decides_as_soon_as_it_can_so_that_few_frames_are_kept() -> None:
    picker = StillPicker([0.0, 5.0])

    decided = [
        (time, choice.index) for time in range(9) for choice in picker.offer(frame(100), time)
    ]

    assert decided == [(1, 0), (6, 1)]


def test_picks_nothing_from_nothing() -> None:
    assert picks([0.0, 1.0]) == []


@pytest.mark.parametrize(("duration", "count"), [(1.0, 4), (60.0, 6), (86_400.0, 30)])
def test_there_are_four_to_thirty_stills(duration: float, count: int) -> None:
    assert still_count(duration) == count


def good(*pictures: Image.Image) -> set[str]:
    ones = GoodOnes()
    for index, image in enumerate(pictures):
        ones.add(str(index), image, sharpness=float(index))
    return ones.names()


def test_stills_that_show_nothing_or_nothing_new_are_left_out() -> None:
    scenes = [halves((64, 64)).rotate(angle) for angle in (0, 90, 180, 270)]

    assert good(Image.new("RGB", (64, 64)), *scenes, scenes[-1]) == {"1", "2", "3", "4"}


def test_the_sharpest_of_them_fill_up_to_four() -> None:
    black, scene = Image.new("RGB", (64, 64)), halves((64, 64))

    assert good(black, scene, black, black, black) == {"1", "2", "3", "4"}
    assert good(black, black) == {"0", "1"}


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
