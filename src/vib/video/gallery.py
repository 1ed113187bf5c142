from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image

from vib.video import made, stills


class Gallery:
    """Makes every picture of a video: poster, animated poster, thumbnails and good stills."""

    def __init__(self, duration: float, folder: Path) -> None:
        """Take the video's duration in seconds, and where the pictures go."""
        self._folder = folder
        self._wanted = [
            ("poster", 0),
            *(("thumbnail", number) for number in range(1, stills.THUMBNAILS + 1)),
            *(("animation", number) for number in range(stills.ANIMATION_FRAMES)),
            *(("image", number) for number in range(1, stills.still_count(duration) + 1)),
        ]
        self._picker = stills.StillPicker(
            [
                stills.poster_moment(duration),
                *stills.moments(duration, stills.THUMBNAILS),
                *stills.moments(duration, stills.ANIMATION_FRAMES),
                *stills.moments(duration, stills.still_count(duration)),
            ]
        )
        self._made: dict[int, made.Made] = {}
        self._animation: dict[int, Image.Image] = {}
        self._good = stills.GoodOnes()

    def offer(self, picture: VideoFrame, timecode: float) -> None:
        """Consider an upright picture of the video, shown at `timecode` (seconds)."""
        for choice in self._picker.offer(picture, timecode):
            self._take(choice)

    def finish(self) -> list[made.Made]:
        """Return the pictures, the poster first; none if none was offered."""
        for choice in self._picker.finish():
            self._take(choice)
        files = [self._made[index] for index in sorted(self._made)]
        if self._animation:
            files.append(self._animated())
        good = self._good.names()
        for file in files:
            if file.kind == "image" and file.name not in good:
                file.path.unlink()
        return [file for file in files if file.kind != "image" or file.name in good]

    def _take(self, choice: stills.Choice) -> None:
        kind, number = self._wanted[choice.index]
        image = choice.image
        if kind == "animation":
            self._animation[number] = stills.poster(image)
            return
        name = kind if kind == "poster" else f"{kind}_{number}"
        if kind == "image":
            self._good.add(name, image, choice.sharpness)
        elif kind == "thumbnail":
            image = stills.thumbnail(image)
        else:
            image = stills.poster(image)
        path = self._folder / f"{name}.jpg"
        stills.save_jpeg(image, path)
        self._made[choice.index] = made.picture(name, kind, path, choice.timecode)

    def _animated(self) -> made.Made:
        path = self._folder / "poster_animated.webp"
        stills.save_animation([self._animation[n] for n in sorted(self._animation)], path)
        return made.picture("poster_animated", "poster_animated", path, None)
