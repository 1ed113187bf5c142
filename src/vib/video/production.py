from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from vib.errors import BadVideo
from vib.video.encode import Mp4Writer
from vib.video.gallery import Gallery
from vib.video.made import Made
from vib.video.pictures import Pacer, Preparation, Scaler
from vib.video.probe import VideoInfo
from vib.video.renditions import output_rate, scaled
from vib.video.samples import SampleWriter
from vib.video.sound import Soundtrack

_VIEWED_HEIGHT = 720  # pixels of the shorter side from which stills and samples are taken
_REPEATS = 200_000  # two hours of a standing picture; a few bytes could ask for days
_REPEATS_A_PICTURE = 30
_LOOK = 0.1  # seconds between pictures where none has to be encoded


class Production:
    """Sends every decoded frame to whatever is made from it."""

    def __init__(
        self,
        info: VideoInfo,
        writers: Sequence[tuple[tuple[int, int], Mp4Writer]],
        sampler: SampleWriter | None,
        folder: Path,
        end: float,
    ) -> None:
        """Take what is known of the video and what to make of it.

        Args:
            info: what is known of the video.
            writers: the renditions to encode, each with its size, the largest first.
            sampler: takes the frames for the faces, if they are wanted.
            folder: where the stills go.
            end: the second after which nothing is believed.
        """
        rate = output_rate(info)
        viewed = scaled(info, _VIEWED_HEIGHT)
        self._end = end
        self._frame_time = 1 / rate
        self._time = -self._frame_time
        self._pacer = Pacer(rate)
        self._preparation = Preparation(
            *max([viewed, *(size for size, _ in writers)]), info.rotation
        )
        self._writers = [(Scaler(*size), writer) for size, writer in writers]
        self._shown: list[VideoFrame] = []
        self._number = -1
        self._repeats = _REPEATS
        self._soundtrack = Soundtrack(end)
        self._sampler = sampler
        self._gallery = Gallery(info.duration, folder)

    def add(self, frame: VideoFrame | AudioFrame, time: Fraction | None) -> None:
        """Take the next frame, and its time in seconds from the start if that is known."""
        if isinstance(frame, AudioFrame):
            self._write_sound(self._soundtrack.add(frame, time))
        else:
            self._add_picture(frame, self._time + self._frame_time if time is None else time)

    def finish(self) -> list[Made]:
        """Write what is still held back; return the stills, none if there was no picture."""
        for picture, number in self._preparation.finish():
            self._show(picture, number)
        self._write_sound(self._soundtrack.finish())
        return self._gallery.finish()

    def _add_picture(self, frame: VideoFrame, time: Fraction) -> None:
        idle = not self._writers and time < self._time + Fraction(_LOOK)
        if time > self._end or (idle and self._number >= 0):
            return
        number = self._pacer.number(max(time, Fraction(0)))
        if number is None:
            return
        self._time = time
        for picture, shown in self._preparation.make(frame, number):
            self._show(picture, shown)

    def _show(self, picture: VideoFrame, number: int) -> None:
        if self._shown:
            self._repeat(range(self._number + 1, number))
        self._number = number
        timecode = float(number * self._frame_time)
        if self._sampler:
            self._sampler.offer(picture, timecode)
        self._gallery.offer(picture, timecode)
        self._shown = []
        for scaler, writer in self._writers:
            picture = scaler.scale(picture)
            writer.write_picture(picture, number)
            self._shown.append(picture)

    def _repeat(self, numbers: range) -> None:
        """Show the last picture again where there is none."""
        self._repeats += _REPEATS_A_PICTURE - len(numbers)
        if self._repeats < 0:
            raise BadVideo("The video stands still for hours: it has hardly any pictures.")
        for number in numbers:
            for (_, writer), picture in zip(self._writers, self._shown, strict=True):
                writer.write_picture(picture, number)

    def _write_sound(self, frames: Iterable[AudioFrame]) -> None:
        for frame in frames:
            for _, writer in self._writers:
                writer.write_sound(frame)
