from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.video.frame import VideoFrame

FLASH = 1.0  # the second of every test video from which on the picture's corner is white
RATE = 48_000


def _picture(size: tuple[int, int], time: float) -> np.ndarray:
    """A dark noisy picture; its top left quarter is grey, and white from the flash on."""
    width, height = size
    picture = np.random.default_rng(round(time * 1000)).integers(
        0, 30, (height, width, 3), np.uint8
    )
    picture[: height // 2, : width // 2] += 60 if time < FLASH - 1e-6 else 220
    return picture


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Writes a test video: a corner that turns white, and a beep that begins, at second 1."""

    def make(
        name: str = "video.mp4",
        *,
        size: tuple[int, int] = (160, 120),
        rate: int = 30,
        seconds: float = 2.0,
        times: Sequence[float] | None = None,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        matrix: Sequence[int] | None = None,
        pixel_aspect: Fraction | None = None,
        sound: Sequence[tuple[float, float]] = (),
        metadata: dict[str, str] | None = None,
        container: str | None = None,
        audio_codec: str = "aac",
        layout: str = "mono",
        picture: Callable[[tuple[int, int], float], np.ndarray] = _picture,
        colours: tuple[int, int, int] | None = None,
        codec_options: dict[str, str] | None = None,
        **options: str,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", format=container, options=options) as file:
            file.metadata.update(metadata or {})
            video = file.add_stream(codec, rate, options=codec_options)
            video.width, video.height = size
            video.pix_fmt = pix_fmt
            video.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, rate)
            if matrix:
                video.set_display_matrix(matrix)
            if pixel_aspect:
                video.codec_context.sample_aspect_ratio = pixel_aspect
            if colours:
                context = video.codec_context
                context.colorspace, context.color_primaries, context.color_trc = colours
            audio = file.add_stream(audio_codec, RATE, layout=layout) if sound else None
            for time in times or [index / rate for index in range(round(seconds * rate))]:
                frame = VideoFrame.from_ndarray(picture(size, time)).reformat(format=pix_fmt)
                frame.time_base = video.codec_context.time_base
                frame.pts = round(time / frame.time_base)
                file.mux(video.encode(frame))
            file.mux(video.encode(None))
            for start, end in sound:
                for chunk in _tone(start, end, layout):
                    file.mux(audio.encode(chunk))
            if audio:
                file.mux(audio.encode(None))
        return path

    return make


def _tone(start: float, end: float, layout: str) -> list[AudioFrame]:
    """Silence, and from the flash on a beep, in frames of 1024 samples."""
    chunks = []
    for first in range(round(start * RATE), round(end * RATE) - 1023, 1024):
        time = np.arange(first, first + 1024) / RATE
        samples = np.where(time >= FLASH, 0.5 * np.sin(2 * np.pi * 440 * time), 0)
        channels = AudioLayout(layout).nb_channels
        planes = np.repeat(samples.astype(np.float32)[None], channels, axis=0)
        chunk = AudioFrame.from_ndarray(planes, "fltp", layout)
        chunk.sample_rate, chunk.time_base, chunk.pts = RATE, Fraction(1, RATE), first
        chunks.append(chunk)
    return chunks


@dataclass(frozen=True)
class Watched:
    """What somebody sees and hears who plays a file."""

    times: list[float]
    pictures: list[np.ndarray]
    sound: np.ndarray
    sound_start: float
    channels: int

    @property
    def flash(self) -> float:
        """The time of the first frame whose brightest part is white."""
        return next(
            time for time, p in zip(self.times, self.pictures, strict=True) if p.max() > 180
        )

    @property
    def beep(self) -> float:
        """The time at which the sound gets loud."""
        return self.sound_start + float(np.argmax(np.abs(self.sound) > 0.2)) / RATE


@pytest.fixture
def watch() -> Callable[[Path], Watched]:
    """Plays a file to its end."""

    def play(path: Path) -> Watched:
        frames: dict[str, list[Any]] = {"video": [], "audio": []}
        with av.open(str(path)) as file:
            for packet in file.demux():
                frames[packet.stream.type] += packet.decode()
        video, audio = frames["video"], frames["audio"]
        return Watched(
            times=[frame.time for frame in video],
            pictures=[frame.to_ndarray(format="gray") for frame in video],
            sound=np.concatenate([f.to_ndarray()[0] for f in audio]) if audio else np.zeros(0),
            sound_start=audio[0].time if audio else 0.0,
            channels=audio[0].layout.nb_channels if audio else 0,
        )

    return play
