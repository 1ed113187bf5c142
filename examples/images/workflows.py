"""In which order it is done."""

from datetime import timedelta
from pathlib import Path

from activities import move, predominant_colour, resize

from swflow import workflow


@workflow(version="1", task_list="images", execution_timeout=timedelta(hours=1))
async def sort_image(url: str, folder: Path) -> Path:
    """Put a small copy of an image into the folder of its predominant colour."""
    small = resize(url, 128, 128, folder)
    colour = predominant_colour(url)
    return await move(small.later, folder / await colour)
