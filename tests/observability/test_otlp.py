"""Spans of requests to other servers, and what those are told."""

from collections.abc import Iterator, Mapping

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from pilothouse.observability.otlp import OTLPTracer

_TRACE, _PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_TOLD = {"traceparent": f"00-{_TRACE}-{_PARENT}-01", "tracestate": "a=b", "baggage": "who=me"}


class Traced:
    def __init__(self) -> None:
        self.tracer = OTLPTracer("localhost:1", 1_000_000, "me")
        self._exporter = InMemorySpanExporter()
        # nothing is to be sent
        self.tracer._provider.shutdown()
        self.tracer._provider._active_span_processor._span_processors = (SimpleSpanProcessor(self._exporter),)

    def spans(self) -> Mapping[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def sent(self, url: str, *, trusted: bool, code: int = 200) -> Mapping[str, str]:
        """The headers that go out with a POST within a request that came with `_TOLD`."""
        request = self.tracer.request("GET /x", _TOLD, trusted, 0, {})
        with request.current(), self.tracer.span("Call", None):
            call = self.tracer.outgoing("POST", url)
            call.answered(code)
            call.end()
            call.end(ValueError("too late"))
        request.end(failed=False)
        return call.headers


@pytest.fixture
def traced() -> Iterator[Traced]:
    yield Traced()


def test_a_request_within_a_request(traced: Traced) -> None:
    headers = traced.sent("https://user:secret@hook.example.com:8443/a?timeout=5s", trusted=True)
    spans = traced.spans()
    post = spans["HTTP POST"]
    assert post.kind == SpanKind.CLIENT
    assert post.attributes == {
        "http.request.method": "POST", "url.full": "https://hook.example.com:8443/a?timeout=5s",
        "server.address": "hook.example.com", "server.port": 8443, "network.protocol.version": "1.1",
        "http.response.status_code": 200,
    }
    assert (post.parent, post.status.status_code) == (spans["Call"].context, StatusCode.UNSET)
    assert headers == {
        "traceparent": f"00-{_TRACE}-{post.context.span_id:016x}-01", "tracestate": "a=b", "baggage": "who=me"
    }


def test_of_an_untrusted_client_only_the_baggage_is_passed_on(traced: Traced) -> None:
    headers = traced.sent("http://hook:80/", trusted=False, code=503)
    spans = traced.spans()
    post = spans["HTTP POST"]
    assert set(headers) == {"traceparent", "baggage"}
    assert _TRACE not in headers["traceparent"]
    assert spans["GET /x"].links[0].context.trace_id == int(_TRACE, 16)
    assert spans["GET /x"].parent is None
    assert post.attributes is not None
    assert post.attributes["error.type"] == "503"
    assert "server.port" not in post.attributes
    assert post.status.status_code == StatusCode.ERROR


def test_a_request_that_fails(traced: Traced) -> None:
    call = traced.tracer.outgoing("GET", "https://hook:99999/")
    call.end(ConnectionRefusedError("refused"))
    post = traced.spans()["HTTP GET"]
    assert post.attributes is not None
    assert post.attributes["error.type"] == "ConnectionRefusedError"
    assert (post.status.status_code, post.status.description) == (StatusCode.ERROR, "refused")
