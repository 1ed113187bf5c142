from fractions import Fraction

import numpy as np
import pytest
from av.filter import Graph
from av.video.frame import VideoFrame

from vib.video.pictures import Pacer, Preparation

# Code points of ITU-T H.273.
BT2020, PQ, HLG = 9, 16, 18


def numbers(rate: Fraction | int, *times: float) -> list[int | None]:
    pacer = Pacer(Fraction(rate))
    return [pacer.number(Fraction(time)) for time in times]


def test_a_constant_rate_gives_every_frame_the_next_number() -> None:
    assert numbers(25, *(index / 25 for index in range(1000))) == list(range(1000))


def test_times_that_jitter_change_nothing() -> None:
    random = np.random.default_rng(0)
    times = [index * 1001 / 30_000 + random.uniform(0, 0.008) for index in range(1000)]

    assert numbers(Fraction(30_000, 1001), *times) == list(range(1000))


def test_every_other_frame_of_a_double_rate_is_left_out() -> None:
    assert numbers(30, *(index / 60 for index in range(6))) == [0, None, 1, None, 2, None]


def test_numbers_are_left_out_where_there_is_no_frame() -> None:
    assert numbers(10, 0.5, 0.6, 1.5) == [5, 6, 15]


def test_a_frame_that_comes_late_has_no_number() -> None:
    assert numbers(10, 1.0, 0.3, 1.1) == [10, None, 11]


def prepared(*frames: VideoFrame, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """What is made of decoded frames, as grey pictures."""
    preparation = Preparation(*size, rotation=0)
    made = [each for n, frame in enumerate(frames) for each in preparation.make(frame, n)]
    made += preparation.finish()
    assert [number for _, number in made] == list(range(len(frames)))
    assert {(picture.format.name, picture.width, picture.height) for picture, _ in made} == {
        ("yuv420p", *size)
    }
    return [picture.to_ndarray(format="gray") for picture, _ in made]


def bands(levels: list[float], transfer: int) -> VideoFrame:
    """Grey bands with these code values (0 to 1) in 10 bits of BT.2020."""
    frame = VideoFrame(640, 48, "yuv420p10le")
    codes = np.repeat(np.round(64 + 876 * np.array(levels)), 640 // len(levels))
    frame.planes[0].update(np.tile(codes.astype("<u2"), (48, 1)).tobytes())
    for plane in frame.planes[1:]:
        plane.update(np.full(plane.buffer_size // 2, 512, "<u2").tobytes())
    frame.colorspace = frame.color_primaries = BT2020
    frame.color_range, frame.color_trc = 1, transfer
    return frame


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_high_dynamic_range_is_brought_down_without_cutting_the_highlights(transfer: int) -> None:
    # Code values of black, dark, a face, paper white and three highlights.
    levels = {
        PQ: [0.0, 0.2, 0.45, 0.58, 0.65, 0.75, 0.9, 1.0],
        HLG: [0.0, 0.1, 0.5, 0.75, 0.8, 0.9, 0.95, 1.0],
    }[transfer]

    (picture,) = prepared(bands(levels, transfer), size=(640, 48))

    seen = picture[24, 40::80].astype(int)
    assert seen[0] <= 2
    assert all(np.diff(seen) > 5)
    assert 120 < seen[3] < 220  # paper is light, and there is room above it
    assert seen[-1] > 230


def test_standard_range_is_left_as_it_is() -> None:
    frame = VideoFrame.from_ndarray(np.full((48, 64, 3), 120, np.uint8)).reformat(format="yuv420p")

    (picture,) = prepared(frame)

    assert picture.mean() == pytest.approx(120, abs=1)


def marked(picture: np.ndarray, field: str) -> VideoFrame:
    """A picture as a frame that is marked as `prog`ressive or with its `t`op `f`ield `f`irst."""
    frame = VideoFrame.from_ndarray(picture).reformat(format="yuv420p")
    frame.pts = 0
    graph = Graph()
    nodes = graph.add_buffer(template=frame, time_base=Fraction(1)), graph.add("setfield", field)
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


def moving(number: int, field: str) -> VideoFrame:
    """A white square on its way to the right; the odd lines show it half a frame later."""
    picture = np.zeros((48, 64, 3), np.uint8)
    left = 4 + 8 * number
    picture[10:40:2, left : left + 12] = 255
    picture[11:40:2, left + 4 : left + 16] = 255
    return marked(picture, field)


@pytest.mark.parametrize(("field", "torn"), [("tff", False), ("prog", True)])
def test_what_is_marked_as_interlaced_loses_its_combs(field: str, torn: bool) -> None:
    pictures = prepared(*(moving(number, field) for number in range(4)))

    edges = pictures[2][12:38, 33:35].astype(int)
    assert (np.abs(np.diff(edges, axis=0)).mean() > 100) == torn


@pytest.mark.parametrize("pixel_format", ["rgba", "yuva420p", "yuva444p10le"])
def test_what_is_transparent_is_black(pixel_format: str) -> None:
    picture = np.full((48, 64, 4), 255, np.uint8)
    picture[:, 32:, 3] = 0
    frame = VideoFrame.from_ndarray(picture, format="rgba").reformat(format=pixel_format)

    (made,) = prepared(frame)

    assert made[:, :30].min() > 240
    assert made[:, 34:].max() < 15


def test_frames_that_change_their_size_and_format_on_the_way() -> None:
    grey = np.full((48, 64, 3), 120, np.uint8)
    first = marked(grey, "tff")
    second = VideoFrame.from_ndarray(np.repeat(grey, 2, axis=0)).reformat(format="yuv444p")

    assert [round(float(p.mean())) for p in prepared(first, second)] == pytest.approx(
        [120, 120], abs=2
    )
