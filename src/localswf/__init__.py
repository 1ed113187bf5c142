"""Amazon SWF on one machine: durable, and wire compatible."""

from localswf.client import Client
from localswf.clock import VirtualClock
from localswf.datafile import DataFileError
from localswf.service import Service

__all__ = ["Client", "DataFileError", "Service", "VirtualClock"]
