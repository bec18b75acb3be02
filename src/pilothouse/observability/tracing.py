"""Spans of a request, for whoever has something to measure (upstream: k8s.io/component-base tracing).

    with span("Create"):
        ...

Without a tracer, which is the usual case, that costs next to nothing and OpenTelemetry is never imported;
`otlp.make_tracer` makes one, and `install` has all spans of this process go to it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

Attributes = Mapping[str, str | int | bool]


class RequestSpan(Protocol):
    """The span of a whole request, which may outlast the call that answers it. It is ended once."""

    def set(self, attributes: Attributes) -> None: ...

    def current(self) -> AbstractContextManager[Any]:
        """Have the spans that are started meanwhile be its children."""
        ...

    def end(self, failed: bool) -> None: ...


class Tracer(Protocol):
    def span(self, name: str, attributes: Attributes | None) -> AbstractContextManager[Any]:
        """A child of the current span, current itself until it is left."""
        ...

    def request(
        self, name: str, headers: Mapping[str, str], trusted: bool, began_ns: int, attributes: Attributes
    ) -> RequestSpan:
        """Continues the trace that `headers` (traceparent, tracestate) tell of when the client is `trusted`, else
        begins one of its own with a link to that. `began_ns` is in nanoseconds since the epoch."""
        ...


_NOTHING: AbstractContextManager[Any] = nullcontext()
_tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    global _tracer
    _tracer = tracer


def active() -> bool:
    """For those on the way of every request, who save even the little that `span` costs."""
    return _tracer is not None


def span(name: str, attributes: Attributes | None = None) -> AbstractContextManager[Any]:
    """A span as long as the `with` block."""
    return _NOTHING if _tracer is None else _tracer.span(name, attributes)
