from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vib.video.probe import VideoInfo

MAX_RATE = Fraction(30_000, 1001)  # frames per second
_MIN_RATE = 5
_STANDARD_RATES = (Fraction(24_000, 1001), Fraction(24), Fraction(25), MAX_RATE)
_SAME_RATE = 0.002  # of the rate; headers round


@dataclass(frozen=True)
class Rendition:
    """A size and quality in which a video is wanted.

    Attributes:
        name: what the rendition, and its file, is called.
        height: pixels of the shorter side, which is the height of a video that is not upright.
        video_bitrate: bits per second that the picture stays under.
        audio_bitrate: bits per second of the sound.
    """

    name: str
    height: int
    video_bitrate: int = 1_500_000
    audio_bitrate: int = 160_000


RENDITIONS = {
    rendition.name: rendition
    for rendition in (
        Rendition("720p", 720),
        Rendition("480p", 480, video_bitrate=1_000_000, audio_bitrate=128_000),
        Rendition("360p", 360, video_bitrate=600_000, audio_bitrate=96_000),
        Rendition("240p", 240, video_bitrate=300_000, audio_bitrate=64_000),
    )
}
"""The renditions that may be asked for, by name."""

DEFAULT_RENDITIONS = (RENDITIONS["720p"], RENDITIONS["480p"])


@dataclass(frozen=True)
class Planned:
    """A rendition that will be made.

    Attributes:
        rendition: what was asked for.
        size: width and height in pixels, both even.
        copied: the source is that already, so its packets are copied, not encoded anew.
    """

    rendition: Rendition
    size: tuple[int, int]
    copied: bool = False


def plan(info: VideoInfo, renditions: Sequence[Rendition], *, copy: bool = True) -> list[Planned]:
    """Return the renditions that will be made of a video, the largest first.

    None is larger than the source: those that would be become one at the source's size.

    Args:
        info: what is known of the video.
        renditions: what is wanted.
        copy: whether the source may be copied where it is what is wanted.
    """
    source = min(info.width, info.height)
    smaller = [rendition for rendition in renditions if rendition.height < source]
    others = [rendition for rendition in renditions if rendition.height >= source]
    chosen = smaller + sorted(others, key=lambda rendition: rendition.height)[:1]
    chosen.sort(key=lambda rendition: rendition.height, reverse=True)
    return [
        Planned(
            rendition, size := scaled(info, rendition.height), copy and _is(info, rendition, size)
        )
        for rendition in chosen
    ]


def scaled(info: VideoInfo, shorter: int) -> tuple[int, int]:
    """Return a video's size where its shorter side has so many pixels; never larger than it is."""
    least = min(info.width, info.height)
    shorter = min(shorter, least)
    # H.264 with colour at half the resolution has even sides only.
    width, height = (max(2, side * shorter // least // 2 * 2) for side in (info.width, info.height))
    return width, height


def output_rate(info: VideoInfo) -> Fraction:
    """Return the frames per second of a video's renditions: its own if that is constant and low.

    A variable rate becomes 29.97, and so does a higher one.
    """
    if not info.constant_rate or info.fps > MAX_RATE:
        return MAX_RATE
    standard = min(_STANDARD_RATES, key=lambda rate: abs(info.fps - rate))
    if abs(info.fps / standard - 1) < _SAME_RATE:
        return standard
    return max(Fraction(info.fps).limit_denominator(1001), Fraction(_MIN_RATE))


def _is(info: VideoInfo, rendition: Rendition, size: tuple[int, int]) -> bool:
    return (
        info.plays_anywhere
        and size == (info.width, info.height)
        and info.video_bitrate is not None
        and info.video_bitrate <= rendition.video_bitrate
        and (info.audio_bitrate or 0) <= rendition.audio_bitrate
    )
