"""Spans of a request, for whoever has something to measure (upstream: k8s.io/component-base tracing).

    with span("Create"):
        ...

Without a tracer, which is the usual case, that costs next to nothing and OpenTelemetry is never imported;
`otlp.make_tracer` makes one, and `install` has all spans of this process go to it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, Protocol

Attributes = Mapping[str, str | int | bool]


class RequestSpan(Protocol):
    """The span of a whole request, which may outlast the call that answers it. It is ended once."""

    def set(self, attributes: Attributes) -> None: ...

    def current(self) -> AbstractContextManager[Any]:
        """Have the spans that are started meanwhile be its children."""
        ...

    def end(self, failed: bool) -> None: ...


class Outgoing(Protocol):
    """The span of a request to another server. It is ended once; further ends do not count."""

    headers: Mapping[str, str]
    """What tells the other server of the trace: to be sent with the request."""

    def answered(self, code: int) -> None: ...

    def end(self, error: BaseException | None = None) -> None:
        """The answer is over; `error`: there is none."""
        ...


class Tracer(Protocol):
    def span(self, name: str, attributes: Attributes | None) -> AbstractContextManager[Any]:
        """A child of the current span, current itself until it is left."""
        ...

    def request(
        self, name: str, headers: Mapping[str, str], trusted: bool, began_ns: int, attributes: Attributes
    ) -> RequestSpan:
        """Continues the trace that `headers` (traceparent, tracestate) tell of when the client is `trusted`, else
        begins one of its own with a link to that. What their baggage says is passed on in any case. `began_ns` is in
        nanoseconds since the epoch."""
        ...

    def outgoing(self, method: str, url: str) -> Outgoing:
        """A child of the current span."""
        ...


class _Untold:
    """A request that no trace is told of."""

    headers: Mapping[str, str] = MappingProxyType({})

    def answered(self, code: int) -> None: ...

    def end(self, error: BaseException | None = None) -> None: ...


_NOTHING: AbstractContextManager[Any] = nullcontext()
UNTOLD: Outgoing = _Untold()
_tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    global _tracer
    _tracer = tracer


def active() -> bool:
    """For those on the way of every request, who save even the little that `span` costs."""
    return _tracer is not None


def outgoing(method: str, url: str) -> Outgoing:
    """The span of a request to `url` (upstream: WrapperFor, otelhttp.NewTransport)."""
    return UNTOLD if _tracer is None else _tracer.outgoing(method, url)


def span(name: str, attributes: Attributes | None = None) -> AbstractContextManager[Any]:
    """A span as long as the `with` block."""
    return _NOTHING if _tracer is None else _tracer.span(name, attributes)
