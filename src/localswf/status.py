"""How a service is doing, in numbers, for those who watch it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Writing:
    """What the journal has done since it was opened.

    Attributes:
        events: how many events it was given.
        commits: how many commits reached the disk.
        commit_seconds: how long those took.
        failure: why the last commit did not, if so.
    """

    events: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What waits at the task lists of one kind: tasks for pollers, or pollers for tasks."""

    tasks: int
    pollers: int


@dataclass(frozen=True, slots=True)
class Status:
    """A service at one moment.

    Attributes:
        open_executions: how many executions are open.
        decisions: what waits at the lists of decision tasks.
        activities: what waits at the lists of activity tasks.
        deadline_lag: for how many seconds the first of the deadlines has been overdue.
        writing: what the journal has done.
        queued: how many changes wait to be committed.
        file_sizes: in bytes, by part of the data file; empty for one in memory.
    """

    open_executions: int
    decisions: Load
    activities: Load
    deadline_lag: float
    writing: Writing
    queued: int
    file_sizes: dict[str, int]
