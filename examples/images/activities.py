"""What is done with an image: it is made smaller, looked at, put away."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Literal

import urllib3
from PIL import Image, ImageStat

from swflow import Failure, Retry, activity, heartbeat

Colour = Literal["red", "green", "blue"]

MEGAPIXEL = 1_000_000
COLOURS: tuple[Colour, ...] = ("red", "green", "blue")


@activity(
    version="1", task_list="pixels", start_to_close=timedelta(minutes=5), retry=Retry(failures=2)
)
def resize(url: str, width: int, height: int, folder: Path) -> Path:
    """Put a copy of an image that fits into a box of this size into a folder."""
    # Its name is the image's own: a second attempt writes over what the first one left.
    path = folder / f"{sha256(url.encode()).hexdigest()[:16]}.png"
    folder.mkdir(parents=True, exist_ok=True)
    image = download(url)
    image.thumbnail((width, height))
    image.save(path)
    return path


@activity(
    version="1",
    task_list="pixels",
    heartbeat_timeout=timedelta(seconds=15),
    retry=Retry(failures=2, timeouts=(2,)),
)
def predominant_colour(url: str) -> Colour:
    """Of which of the three colours there is most; says that it is alive after each megapixel."""
    totals = [0.0, 0.0, 0.0]
    for done, part in enumerate(megapixels(download(url)), start=1):
        totals = [
            total + more for total, more in zip(totals, ImageStat.Stat(part).sum, strict=True)
        ]
        heartbeat({"megapixels": done})
    return COLOURS[totals.index(max(totals))]


@activity(version="1", task_list="files", start_to_close=timedelta(seconds=10))
def move(image: Path, folder: Path) -> Path:
    """Move an image into a folder; doing so again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / image.name
    if image.exists():
        shutil.move(image, target)
    return target


def download(url: str) -> Image.Image:
    """The image there."""
    answer = urllib3.request("GET", url, timeout=60, retries=False)
    if answer.status == HTTPStatus.NOT_FOUND:
        raise Failure(f"there is no image at {url}", retry=False)
    if answer.status != HTTPStatus.OK:
        raise Failure(f"{url} answered {answer.status}")
    return Image.open(BytesIO(answer.data)).convert("RGB")


def megapixels(image: Image.Image) -> Iterator[Image.Image]:
    """An image in strips of a megapixel at most."""
    rows = max(MEGAPIXEL // image.width, 1)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))
