"""What every browser plays, and therefore need not be encoded anew."""

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from vib.video.colours import Colours, is_beyond_bt709

_PROFILES = ("Baseline", "Constrained Baseline", "Main", "High")
_MAX_FPS = 30
_SAME_RATE = 0.01  # of the rate
_SAMPLE_RATES = (44_100, 48_000)


def has_constant_rate(video: VideoStream) -> bool:
    """Say whether a stream's frames are equally far apart."""
    # The base rate is one at which every timestamp falls on a frame; for fields it is the double.
    average, base = float(video.average_rate or 0), float(video.base_rate or 0)
    return any(abs(base - times * average) < _SAME_RATE * average for times in (1, 2))


def plays_anywhere(
    container: InputContainer, video: VideoStream, audio: AudioStream | None, first: VideoFrame
) -> bool:
    """Say whether every browser shows a file as it is, given its first frame."""
    return (
        "mp4" in container.format.name
        and _picture_plays(video, first)
        and (audio is None or _sound_plays(audio))
    )


def _picture_plays(video: VideoStream, first: VideoFrame) -> bool:
    return (
        video.codec_context.name == "h264"
        and video.profile in _PROFILES
        and first.format.name == "yuv420p"
        and first.color_range != ColorRange.JPEG
        and not is_beyond_bt709(Colours.of(first))
        and not first.interlaced_frame
        and first.rotation == 0
        and (video.sample_aspect_ratio or 1) == 1
        and not video.start_time
        and has_constant_rate(video)
        and (video.average_rate or 0) <= _MAX_FPS
    )


def _sound_plays(audio: AudioStream) -> bool:
    return (
        audio.codec_context.name == "aac"
        and audio.profile == "LC"
        and audio.channels <= 2  # noqa: PLR2004 - stereo
        and audio.sample_rate in _SAMPLE_RATES
        and not audio.start_time
    )
