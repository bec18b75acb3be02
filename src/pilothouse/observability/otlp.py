"""Traces sent by OTLP over gRPC, with OpenTelemetry (upstream: k8s.io/component-base/tracing/utils.go, NewProvider).

OpenTelemetry is an extra: `pip install pilothouse[tracing]`.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.composite import CompositePropagator
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
        self._propagator = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])

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
            told = trace.set_span_in_context(trace.INVALID_SPAN, told)
        return OTLPRequestSpan(self._tracer.start_span(
            name, told, trace.SpanKind.SERVER, attributes, links, start_time=began_ns
        ), told)

    def outgoing(self, method: str, url: str) -> "OTLPOutgoing":
        span = self._tracer.start_span(f"HTTP {method}", kind=trace.SpanKind.CLIENT, attributes=_call(method, url))
        headers: dict[str, str] = {}
        self._propagator.inject(headers, trace.set_span_in_context(span))
        return OTLPOutgoing(span, headers)

    def flush(self) -> None:
        """Send what there is, and wait for it."""
        self._provider.force_flush()

    def shutdown(self) -> None:
        self._provider.shutdown()


class OTLPRequestSpan:
    """Implements `tracing.RequestSpan`."""

    def __init__(self, span: trace.Span, told: otel_context.Context) -> None:
        self._span = span
        self._told = told

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    @contextmanager
    def current(self) -> Iterator[None]:
        token = otel_context.attach(self._told)
        try:
            with trace.use_span(self._span):
                yield
        finally:
            otel_context.detach(token)

    def end(self, failed: bool) -> None:
        if failed:
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class OTLPOutgoing:
    """Implements `tracing.Outgoing`."""

    def __init__(self, span: trace.Span, headers: Mapping[str, str]) -> None:
        self._span = span
        self.headers = headers

    def answered(self, code: int) -> None:
        self._span.set_attribute("http.response.status_code", code)
        if code >= 400:
            self._span.set_attribute("error.type", str(code))
            self._span.set_status(trace.StatusCode.ERROR)

    def end(self, error: BaseException | None = None) -> None:
        if not self._span.is_recording():
            return
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(trace.StatusCode.ERROR, str(error))
        self._span.end()


def _call(method: str, url: str) -> Attributes:
    """What a request is (upstream: otelhttp's semantic conventions); a user and a password in the URL are left out."""
    parts = urlsplit(url)
    attributes: dict[str, str | int | bool] = {
        "http.request.method": method, "url.full": parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        "server.address": parts.hostname or "", "network.protocol.version": "1.1",
    }
    with suppress(ValueError):
        if parts.port not in (None, 443 if parts.scheme == "https" else 80):
            attributes["server.port"] = parts.port or 0
    return attributes
