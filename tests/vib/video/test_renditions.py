from dataclasses import replace
from fractions import Fraction
from typing import get_args

import pytest

from vib.settings import Settings
from vib.video.probe import VideoInfo
from vib.video.renditions import RENDITIONS, Rendition, output_rate, plan

HD = VideoInfo(
    duration=60.0,
    width=1280,
    height=720,
    rotation=0,
    fps=25.0,
    constant_rate=True,
    frames=1500,
    video_codec="h264",
    audio_codec="aac",
    bitrate=1_300_000,
    video_bitrate=1_200_000,
    audio_bitrate=100_000,
    plays_anywhere=True,
    container="mov,mp4",
    bytes=9_750_000,
    recorded_at=None,
)


@pytest.mark.parametrize(
    ("fps", "constant", "rate"),
    [
        (25.0, True, 25),
        (24.0, True, 24),
        (23.976, True, Fraction(24_000, 1001)),
        (24.99, True, 25),
        (15.0, True, 15),
        (1.0, True, 5),
        (0.0, True, 5),
        (29.97, True, Fraction(30_000, 1001)),
        (30.0, True, Fraction(30_000, 1001)),
        (59.94, True, Fraction(30_000, 1001)),
        (1e6, True, Fraction(30_000, 1001)),
        (25.0, False, Fraction(30_000, 1001)),
    ],
)
def test_the_rate_stays_if_it_is_constant_and_low_and_is_29_97_else(
    fps: float, constant: bool, rate: Fraction
) -> None:
    assert output_rate(replace(HD, fps=fps, constant_rate=constant)) == rate


def copied(info: VideoInfo, *names: str) -> list[tuple[str, bool]]:
    return [(p.rendition.name, p.copied) for p in plan(info, [RENDITIONS[name] for name in names])]


def test_what_is_wanted_already_is_copied() -> None:
    assert copied(HD, "480p", "720p") == [("720p", True), ("480p", False)]


def test_a_small_video_is_copied_as_the_smallest_that_it_can_be() -> None:
    small = replace(HD, width=426, height=240, video_bitrate=200_000, audio_bitrate=64_000)

    assert copied(small, "720p", "480p", "240p") == [("240p", True)]


@pytest.mark.parametrize(
    "change",
    [
        {"plays_anywhere": False},
        {"video_bitrate": 1_500_001},
        {"video_bitrate": None},
        {"audio_bitrate": 160_001},
        {"width": 1920, "height": 1080},
        {"width": 1281},
    ],
)
def test_what_is_not_quite_what_is_wanted_is_encoded(change: dict[str, object]) -> None:
    assert copied(replace(HD, **change), "720p") == [("720p", False)]


def test_every_name_that_the_settings_know_is_a_rendition() -> None:
    (names, _) = get_args(Settings.model_fields["renditions"].annotation)

    assert get_args(names) == tuple(RENDITIONS)


def test_no_rendition_keeps_more_than_is_allowed() -> None:
    assert all(r.video_bitrate <= 1_500_000 for r in RENDITIONS.values())
    assert all(r.audio_bitrate <= 160_000 for r in RENDITIONS.values())


def test_sides_are_even_and_the_shorter_one_is_what_is_asked_for() -> None:
    portrait = replace(HD, width=1080, height=1921)

    (planned,) = plan(portrait, [Rendition("x", 480)])

    assert planned.size == (480, 852)
