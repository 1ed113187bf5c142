"""What people are shown of a video, in tables for a terminal."""

from pathlib import Path

from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from vib.db.models import Asset, AssetType, Media
from vib.db.people import Person
from vib.db.queries import stages_of
from vib.words import clock, label


def files_table(session: Session, media: Media) -> Table:
    """A video's files but for the pictures of faces."""
    table = Table("File", "Name", "Size", "Length", "Bitrate", "Bytes", title=media.filename)
    for column in table.columns[2:]:
        column.justify = "right"
    shown = (AssetType.ORIGINAL, AssetType.MAIN, AssetType.POSTER, AssetType.THUMBNAIL)
    rows = session.scalars(select(Asset).filter_by(media_id=media.id))
    in_order = [row for row in rows if row.asset_type in shown]
    in_order.sort(key=lambda row: (shown.index(AssetType(row.asset_type)), -row.height, row.name))
    for row in in_order:
        table.add_row(
            row.asset_type,
            row.name,
            f"{row.width} x {row.height}",
            clock(row.duration) if row.duration else f"at {clock(row.timecode or 0)}",
            f"{row.bitrate / 1000:,.0f} kbit/s" if row.bitrate else "",
            f"{row.bytes:,}",
        )
    return table


def people_table(media: Media, people: list[Person]) -> Table:
    """The people in a video."""
    table = Table("Person", "Tracks", "Best face", "Score", "First seen", title="People")
    for person in people:
        table.add_row(
            label(person),
            str(person.tracks),
            Path(person.best_key).name.removeprefix(f"{media.id}_"),
            f"{person.best_score:.2f}",
            clock(person.first_seen),
        )
    return table


def stages_table(session: Session, media: Media) -> Table:
    """How the stages of a video went."""
    table = Table("Stage", "Result", "Attempts", "Time", title="Stages")
    for row in stages_of(session, media.id):
        seconds = (row.finished_at - row.started_at).total_seconds() if row.finished_at else 0.0
        table.add_row(row.stage, row.detail or row.status, str(row.attempt), f"{seconds:.1f} s")
    return table
