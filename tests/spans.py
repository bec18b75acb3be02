"""A tracer that keeps what it is told."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from pilothouse.observability import tracing
from pilothouse.observability.tracing import Attributes, RequestSpan


class Call:
    """Implements `tracing.Outgoing`."""

    headers: Mapping[str, str] = {"traceparent": "00-1-2-01", "tracestate": "x=y"}

    def __init__(self, method: str, url: str) -> None:
        self.told: list[Any] = [method, url]

    def answered(self, code: int) -> None:
        self.told.append(code)

    def end(self, error: BaseException | None = None) -> None:
        self.told.append(error if error is None else type(error).__name__)


class Tracer:
    """Implements `tracing.Tracer`. `spans` are (name, attributes)."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.spans: list[tuple[str, Attributes | None]] = []

    def span(self, name: str, attributes: Attributes | None) -> AbstractContextManager[Any]:
        self.spans.append((name, attributes))
        return nullcontext()

    def request(
        self, name: str, headers: Mapping[str, str], trusted: bool, began_ns: int, attributes: Attributes
    ) -> RequestSpan:
        raise NotImplementedError

    def outgoing(self, method: str, url: str) -> Call:
        self.calls.append(Call(method, url))
        return self.calls[-1]


@contextmanager
def traced() -> Iterator[Tracer]:
    """All spans of the process go there."""
    tracer = Tracer()
    tracing.install(tracer)
    try:
        yield tracer
    finally:
        tracing.install(None)
