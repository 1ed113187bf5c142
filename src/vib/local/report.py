from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from vib.db.models import Asset, AssetType, Media, MediaStatus
from vib.db.people import Person, people_in
from vib.db.queries import stages_of
from vib.local.contact_sheet import contact_sheet
from vib.local.words import clock, label
from vib.services import Services


def report(context: Services, media_id: UUID, folder: Path, console: Console) -> int:
    """Print what was made of a video and who is in it; write the contact sheet.

    Returns:
        The exit status: 1 for a video that failed.
    """
    with context.sessions() as session:
        media = session.get_one(Media, media_id)
        if media.status == MediaStatus.FAILED:
            console.print(f"{media.filename} could not be processed: {media.failure}")
            return 1
        people = people_in(session, media_id)
        console.print(_files(session, media))
        if people:
            console.print(_people(media, people))
        elif not media.skip_faces:
            console.print("Nobody was found in this video.\n")
        console.print(_timings(session, media))
    if people:
        sheet = folder / "people" / f"{media.id}.png"
        contact_sheet(context.storage, people, sheet)
        console.print(f"People    {sheet}", soft_wrap=True)
    console.print(f"Files     {folder / 'storage' / str(media.id)}", soft_wrap=True)
    return 0


def _files(session: Session, media: Media) -> Table:
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


def _people(media: Media, people: list[Person]) -> Table:
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


def _timings(session: Session, media: Media) -> Table:
    table = Table("Stage", "Result", "Attempts", "Time", title="Stages")
    for row in stages_of(session, media.id):
        seconds = (row.finished_at - row.started_at).total_seconds() if row.finished_at else 0.0
        table.add_row(row.stage, row.detail or row.status, str(row.attempt), f"{seconds:.1f} s")
    return table
