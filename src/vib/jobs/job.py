from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from vib.needs import Need
from vib.services import Services


@dataclass(frozen=True)
class Chore:
    """One thing that a job found to be done.

    Attributes:
        what: what that is, for people, such as "fail the video 3f2a".
        do: does it. Doing it twice is doing it once, and somebody else may have done it meanwhile.
            Returns what was done, in words that are counted, such as "videos failed"; None for
            nothing.
        user_id: whom it is about, for the log.
        media_id: which video it is about, for the log.
    """

    what: str
    do: Callable[[], str | None]
    user_id: UUID | None = None
    media_id: UUID | None = None


@dataclass(frozen=True)
class Job:
    """What is done every now and then.

    Attributes:
        name: how it is called by commands.
        purpose: what it is for, in a few words.
        needs: what it works with.
        find: looks what there is to do, and changes nothing.
    """

    name: str
    purpose: str
    needs: Sequence[Need]
    find: Callable[[Services], Iterable[Chore]]
