"""Spans for OpenTelemetry: of every node of a run, every question to a model, every request to arXiv.

Where OpenTelemetry is not set up they cost next to nothing. With the extra `otel`, and the usual
OTEL_EXPORTER_OTLP_ENDPOINT in the environment, they are sent there. No text of papers, prompts or keys
is in a span.
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
    """A span around a block; an error in it is its outcome."""
    try:
        from opentelemetry import trace
    except ImportError:
        yield
        return
    with trace.get_tracer("retest").start_as_current_span(name, attributes=attributes):
        yield


def traced(name: str, node: Node) -> Node:
    """A node of the graph with a span around each time it runs."""

    @wraps(node)
    def within(*args: Any, **kwargs: Any) -> Any:
        with span(f"retest.{name}"):
            return node(*args, **kwargs)

    return within  # type: ignore[return-value]  # it takes and gives what the node does


def set_up() -> Callable[[], None]:
    """Send spans to where the environment says; what is returned sends the last of them."""
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
