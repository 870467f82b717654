"""OpenTelemetry spans for every node of a run, every call to a model and every request to arXiv.

If OpenTelemetry is not set up, they cost next to nothing. With the extra `otel`, and the usual
OTEL_EXPORTER_OTLP_ENDPOINT in the environment, they are sent there. Spans contain no paper text, prompts
or keys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Callable[..., Any])


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A span around a block; an error in the block is recorded on it."""
    try:
        from opentelemetry import trace
    except ImportError:
        yield
        return
    with trace.get_tracer("retest").start_as_current_span(name, attributes=attributes):
        yield


def traced(name: str, node: Node) -> Node:
    """Wrap a node of the graph in a span each time it runs."""

    @wraps(node)
    def within(*args: Any, **kwargs: Any) -> Any:
        with span(f"retest.{name}"):
            return node(*args, **kwargs)

    return within  # type: ignore[return-value]  # it takes and gives what the node does


def set_up() -> Callable[[], None]:
    """Send spans to the endpoint in the environment, if any; the returned function sends the rest."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return lambda: None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return lambda: None
    provider = TracerProvider(resource=Resource.create({"service.name": "retest"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown
