"""For tests: workflows and activities in one process, in no time; and a check of histories."""

from swflow.testing.environment import Environment
from swflow.tools.checking import check
from swflow.tools.histories import StoredHistory, read_histories

__all__ = ["Environment", "StoredHistory", "check", "read_histories"]
