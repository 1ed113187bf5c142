import math
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from vib.errors import BadVideo
from vib.popeye.decode import Decoding
from vib.popeye.probe import open_video, video_stream

_ENOUGH_FRAMES = 4  # decoded for each one sampled: every other may go, and the rate still holds


class Sample:
    """One frame of a video, taken for its faces.

    Attributes:
        timecode: seconds from the start of the video.
        width: pixels as displayed: rotation and pixel aspect ratio applied.
        height: pixels as displayed.
    """

    def __init__(self, frame: VideoFrame, timecode: float, pixel_aspect: float) -> None:
        """Take a decoded frame and the width of its pixels in heights."""
        self.timecode = timecode
        self._frame = frame
        self._quarter_turns = round(frame.rotation / 90) % 4  # counterclockwise
        self._lying = max(1, round(frame.width * pixel_aspect)), frame.height
        turned = self._quarter_turns % 2
        self.width, self.height = self._lying[::-1] if turned else self._lying

    def picture(self, scale: float = 1.0) -> NDArray[np.uint8]:
        """Return the frame as displayed, (height, width, 3) RGB, scaled."""
        width, height = (max(1, round(side * scale)) for side in self._lying)
        rgb = self._frame.to_ndarray(
            format="rgb24", width=width, height=height, interpolation=Interpolation.AREA
        )
        upright: NDArray[np.uint8] = np.ascontiguousarray(np.rot90(rgb, self._quarter_turns))
        return upright


def sampled_frames(path: Path, rate: float, progress: Callable[[float], None]) -> Generator[Sample]:
    """Yield about `rate` frames a second of a video.

    What the decoder puts into frames that no other frame builds on is skipped where enough are
    left. The loop filter is not: without it decoding is a fifth faster, but blocks show on faces,
    and a face comes to lie a third of the way to another person's.

    Args:
        path: the video.
        rate: frames a second.
        progress: called with 0 to 1, never falling; what it raises ends the iteration.

    Raises:
        BadVideo: the file is no video, or not one of its frames can be decoded.
    """
    with open_video(path) as container:
        stream = video_stream(container, path)
        if (stream.average_rate or 0) >= _ENOUGH_FRAMES * rate:
            stream.codec_context.skip_frame = "NONREF"
        duration = (container.duration or 0) / 1_000_000
        aspect = float(stream.sample_aspect_ratio or 1)
        decoding = Decoding(container, stream, None)
        due, done = 0.0, 0.0
        for frames in decoding:
            for frame, moment in frames:
                if isinstance(frame, VideoFrame) and moment is not None and moment >= due:
                    yield Sample(frame, float(moment), aspect)
                    due = (math.floor(float(moment) * rate) + 1) / rate
            if duration:
                done = max(done, min(1.0, decoding.position / duration))
                progress(done)
        if decoding.pictures == 0:
            raise BadVideo(f"{path.name} is damaged: none of its pictures can be decoded.")
        progress(1.0)
