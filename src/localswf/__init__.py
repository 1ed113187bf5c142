"""Amazon SWF on one machine: durable, and wire compatible."""

from localswf.client import Client
from localswf.clock import VirtualClock
from localswf.service import Service
from localswf.store.datafile import DataFileError

__all__ = ["Client", "DataFileError", "Service", "VirtualClock"]
