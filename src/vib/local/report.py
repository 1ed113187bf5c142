from pathlib import Path
from uuid import UUID

from rich.console import Console

from vib.db.models import Media, MediaStatus
from vib.db.people import people_in
from vib.local.contact_sheet import contact_sheet
from vib.services import Services
from vib.tables import files_table, people_table, stages_table


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
        console.print(files_table(session, media))
        if people:
            console.print(people_table(media, people))
        elif not media.skip_faces:
            console.print("Nobody was found in this video.\n")
        console.print(stages_table(session, media))
    if people:
        sheet = folder / "people" / f"{media.id}.png"
        contact_sheet(context.storage, people, sheet)
        console.print(f"People    {sheet}", soft_wrap=True)
    console.print(f"Files     {folder / 'storage' / str(media.id)}", soft_wrap=True)
    return 0
