"""What is in the way of a command though nobody called it wrongly, in one sentence."""

UNDEFINED_TABLE = "42P01"
"""PostgreSQL's code for it."""


def trouble(error: Exception) -> str | None:
    """What to say of a service, a file or a folder that cannot be used; None of anything else."""
    # Imported when there is trouble: commands that need neither start in half the time without.
    from botocore.exceptions import BotoCoreError, ClientError
    from sqlalchemy.exc import DBAPIError, OperationalError

    if isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == UNDEFINED_TABLE:
        return f"The database cannot be used: {_first_line(error.orig or error)}: run vib migrate."
    if isinstance(error, OperationalError):
        return f"The database cannot be used: {_first_line(error.orig or error)}."
    if isinstance(error, BotoCoreError | ClientError | OSError):
        return _first_line(error)
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
