"""Activity ids as workflows' code makes them: the number of the call, and of the attempt."""


def activity_id(call: int, attempt: int) -> str:
    """The id of an attempt, from 1, of a call."""
    return f"{call}.{attempt}" if attempt > 1 else str(call)


def attempt_of(activity_id: str) -> int:
    """Which attempt an activity id is of, from 1; ids that others made up are first attempts."""
    _, _, attempt = activity_id.partition(".")
    return int(attempt) if attempt.isdecimal() else 1
