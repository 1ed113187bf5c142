"""A video and face pipeline on Amazon SWF."""

from importlib.metadata import version

__version__ = version("vib")
