"""Spans of OpenTelemetry for decision tasks and activity tasks, where its API is installed.

Which spans are kept, and where they go, is for the program to configure, as OpenTelemetry says,
before its first task.
"""

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

try:
    from opentelemetry import trace
except ImportError:
    _tracer: Any = None
else:
    _tracer = trace.get_tracer("swflow")

_NO_SPAN = nullcontext()


def span(name: str, about: Mapping[str, Any]) -> AbstractContextManager[object]:
    """A span around the work on a task; an exception that leaves it is recorded.

    Args:
        name: of the span.
        about: the fields that log lines about the task carry, as attributes `swf.FIELD`.
    """
    if not _is_configured():
        return _NO_SPAN
    attributes = {f"swf.{field}": value for field, value in about.items()}
    started: AbstractContextManager[object] = _tracer.start_as_current_span(
        name, attributes=attributes
    )
    return started


@functools.cache
def _is_configured() -> bool:
    """Whether the program has said where spans go; asked once, as OpenTelemetry takes its time."""
    return _tracer is not None and not isinstance(
        trace.get_tracer_provider(), trace.ProxyTracerProvider
    )
