"""How the terminal and the contact sheet say things."""

from vib.db.people import Person


def clock(seconds: float) -> str:
    """A time in a video: `0:07.3`, `1:02:33.0`."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def label(person: Person) -> str:
    """A person's name, or what is known instead."""
    return person.name or ("new" if person.is_new else "seen before")
