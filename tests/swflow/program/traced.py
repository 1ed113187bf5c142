"""A program that has its spans written to standard output."""

from films import *  # noqa: F403 - its types
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(
    SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: f"SPAN {span.to_json(None)}\n"))
)
trace.set_tracer_provider(provider)
