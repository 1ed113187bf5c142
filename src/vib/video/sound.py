from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

SAMPLE_RATE = 48_000
LAYOUT = "stereo"
FORMAT = "s16"  # has no NaN and no infinity, at which an encoder would fail or spin

_TOLERANCE = Fraction(1, 10)  # seconds by which timestamps may be off before it is heard


class Soundtrack:
    """Turns decoded sound into one gapless stereo track at 48 kHz that keeps time with the picture.

    What is missing (a late start, lost packets) becomes silence; what overlaps is left out.
    """

    def __init__(self, end: float) -> None:
        """Take the second at which the track ends at the latest; sound after it is left out."""
        self._end = Fraction(end)
        self._clock = Fraction(0)  # seconds of sound so far
        self._samples = 0
        self._resampler: AudioResampler | None = None
        self._source: tuple[str, str, int] | None = None

    def add(self, frame: AudioFrame, time: Fraction | None) -> Iterator[AudioFrame]:
        """Yield what the track goes on with, given a decoded frame and its time in seconds."""
        start = self._clock if time is None else time
        if start < self._clock - _TOLERANCE or start > self._end:
            return
        if start > self._clock + _TOLERANCE:
            yield from self._silence(start - self._clock)
            self._clock = start
        self._clock += Fraction(frame.samples, frame.sample_rate)
        yield from self._resample(frame)

    def finish(self) -> Iterator[AudioFrame]:
        """Yield what is still held back."""
        if self._resampler:
            yield from map(self._stamp, self._resampler.resample(None))

    def _resample(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or source != self._source:
            yield from self.finish()
            self._resampler = AudioResampler(FORMAT, LAYOUT, SAMPLE_RATE)
            self._source = source
        yield from map(self._stamp, self._resampler.resample(frame))

    def _silence(self, seconds: Fraction) -> Iterator[AudioFrame]:
        missing = round(seconds * SAMPLE_RATE)
        for done in range(0, missing, SAMPLE_RATE):
            size = min(SAMPLE_RATE, missing - done)
            frame = AudioFrame.from_ndarray(np.zeros((1, 2 * size), np.int16), FORMAT, LAYOUT)
            frame.sample_rate = SAMPLE_RATE
            yield self._stamp(frame)

    def _stamp(self, frame: AudioFrame) -> AudioFrame:
        frame.pts, frame.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += frame.samples
        return frame
