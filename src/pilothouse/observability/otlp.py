"""Traces sent by OTLP over gRPC, with OpenTelemetry (upstream: k8s.io/component-base/tracing/utils.go, NewProvider).

OpenTelemetry is an extra: `pip install pilothouse[tracing]`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pilothouse.observability.tracing import Attributes

SERVICE = "apiserver"
DEFAULT_ENDPOINT = "localhost:4317"
_MILLION = 1_000_000


class OTLPTracer:
    """Implements `tracing.Tracer`. Spans are sent in batches by a thread of OpenTelemetry; the rest at exit."""

    def __init__(self, endpoint: str, sampling_rate_per_million: int, instance: str) -> None:
        """`instance` tells this server from others of the same service."""
        rate = sampling_rate_per_million
        sampler = TraceIdRatioBased(rate / _MILLION) if rate > 0 else ALWAYS_OFF
        self._provider = TracerProvider(
            ParentBased(sampler), Resource.create({"service.name": SERVICE, "service.instance.id": instance})
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint or DEFAULT_ENDPOINT, insecure=True))
        )
        self._tracer = self._provider.get_tracer("pilothouse")
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, attributes: Attributes | None) -> AbstractContextManager[Any]:
        return self._tracer.start_as_current_span(name, attributes=attributes)

    def request(
        self, name: str, headers: Mapping[str, str], trusted: bool, began_ns: int, attributes: Attributes
    ) -> "OTLPRequestSpan":
        told = self._propagator.extract(headers, otel_context.Context())
        links = None
        if not trusted:
            remote = trace.get_current_span(told).get_span_context()
            links = [trace.Link(remote)] if remote.is_valid else None
            told = otel_context.Context()
        return OTLPRequestSpan(self._tracer.start_span(
            name, told, trace.SpanKind.SERVER, attributes, links, start_time=began_ns
        ))

    def flush(self) -> None:
        """Send what there is, and wait for it."""
        self._provider.force_flush()

    def shutdown(self) -> None:
        self._provider.shutdown()


class OTLPRequestSpan:
    """Implements `tracing.RequestSpan`."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def current(self) -> AbstractContextManager[Any]:
        return trace.use_span(self._span)

    def end(self, failed: bool) -> None:
        if failed:
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()
