from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from vib.db.people import Person
from vib.storage.interface import Storage
from vib.words import clock, label

CARD = (200, 264)  # width, height in pixels
PICTURE = 176
GAP = 12
COLUMNS = 6
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
PAPER, INK, QUIET = "#f4f2ee", "#1c1b19", "#6f6a62"


def contact_sheet(storage: Storage, people: list[Person], path: Path) -> None:
    """Write a PNG with a card for each person: best face, name, how often and when first seen."""
    columns = min(COLUMNS, len(people))
    rows = -(-len(people) // columns)
    size = (columns * CARD[0] + (columns + 1) * GAP, rows * CARD[1] + (rows + 1) * GAP)
    sheet = Image.new("RGB", size, PAPER)
    for index, person in enumerate(people):
        row, column = divmod(index, columns)
        corner = (GAP + column * (CARD[0] + GAP), GAP + row * (CARD[1] + GAP))
        sheet.paste(_card(storage, person), corner)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    sheet.save(temporary, format="PNG")
    temporary.replace(path)


def _card(storage: Storage, person: Person) -> Image.Image:
    card = Image.new("RGB", CARD, "white")
    margin = (CARD[0] - PICTURE) // 2
    with storage.local(person.best_key) as source, Image.open(source) as picture:
        card.paste(ImageOps.fit(picture.convert("RGB"), (PICTURE, PICTURE)), (margin, margin))
    draw = ImageDraw.Draw(card)
    tracks = "1 track" if person.tracks == 1 else f"{person.tracks} tracks"
    lines = (
        (label(person), 18, INK),
        (f"{tracks}, first at {clock(person.first_seen)}", 13, QUIET),
        (f"score {person.best_score:.2f}", 13, QUIET),
    )
    y = margin + PICTURE + 8
    for text, size, colour in lines:
        font = ImageFont.load_default(size)
        draw.text((margin, y), _fitted(text, draw, font), colour, font)
        y += size + 5
    return card


def _fitted(text: str, draw: ImageDraw.ImageDraw, font: Font) -> str:
    """As much of `text` as a card is wide."""
    whole = text
    while draw.textlength(text, font) > PICTURE:
        whole = whole[:-1]
        text = f"{whole}..."
    return text
