"""Spans of OpenTelemetry for decision tasks and activity tasks, where its API is installed.

Which spans are kept, and where they go, is for the program to configure, as OpenTelemetry says.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

try:
    from opentelemetry import trace
except ImportError:
    _tracer: Any = None
else:
    _tracer = trace.get_tracer("swflow")


def span(name: str, about: Mapping[str, Any]) -> AbstractContextManager[object]:
    """A span around the work on a task; an exception that leaves it is recorded.

    Args:
        name: of the span.
        about: the fields that log lines about the task carry, as attributes `swf.FIELD`.
    """
    if _tracer is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return nullcontext()  # the program has not said where spans go
    attributes = {f"swf.{field}": value for field, value in about.items()}
    started: AbstractContextManager[object] = _tracer.start_as_current_span(
        name, attributes=attributes
    )
    return started
