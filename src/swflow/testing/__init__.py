"""For tests: workflows and activities in one process, in no time; and a check of histories."""

from swflow.checking import check
from swflow.histories import StoredHistory, read_histories
from swflow.testing.environment import Environment

__all__ = ["Environment", "StoredHistory", "check", "read_histories"]
