"""The plugins that one kind of operation passes, measured (upstream: k8s.io/apiserver pkg/admission/metrics)."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Final

from pilothouse.admission.interface import Attributes
from pilothouse.observability.metrics import REGISTRY, STABLE
from pilothouse.observability.summary import Summary
from pilothouse.observability.tracing import active, span

ADMIT: Final = "admit"
VALIDATE: Final = "validate"

Step = Callable[[Attributes], Awaitable[None]]

_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5)
_controllers = REGISTRY.histogram(
    "apiserver_admission_controller_admission_duration_seconds",
    "Admission controller latency histogram in seconds, identified by name and broken out for each operation and API"
    " resource and type (validate or admit).",
    ("name", "type", "operation", "rejected"), STABLE, _BUCKETS,
)
_steps = REGISTRY.histogram(
    "apiserver_admission_step_admission_duration_seconds",
    "Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type"
    " (validate or admit).",
    ("type", "operation", "rejected"), STABLE, _BUCKETS,
)
_summaries = REGISTRY.define(Summary(
    "apiserver_admission_step_admission_duration_seconds_summary",
    "Admission sub-step latency summary in seconds, broken out for each operation and API resource and step type"
    " (validate or admit).",
    ("type", "operation", "rejected"), max_age=5 * 3600.0,
))


class Steps:
    """Calls each plugin in turn until one raises. `type` is ADMIT or VALIDATE; plugins go by their names."""

    __slots__ = ("_labels", "_passed", "_passed_lately", "_span", "_steps")

    def __init__(self, type: str, operation: str, plugins: Sequence[tuple[str, Step]]) -> None:
        self._labels = (type, operation)
        self._span = f"Admission {type}"
        self._steps = tuple(
            (step, name, _controllers.labels(name, type, operation, "false")) for name, step in plugins
        )
        self._passed = _steps.labels(type, operation, "false")
        self._passed_lately = _summaries.labels(type, operation, "false")

    def __len__(self) -> int:
        return len(self._steps)

    async def __call__(self, a: Attributes) -> None:
        if not active():
            await self._run(a)
        elif self._steps:
            with span(self._span):
                await self._run(a)

    async def _run(self, a: Attributes) -> None:
        if not self._steps:
            return
        began = last = perf_counter()
        name = ""
        try:
            for step, name, passed in self._steps:  # noqa: B007 - who raised is asked for below
                await step(a)
                now = perf_counter()
                passed.observe(now - last)
                last = now
        except Exception:
            now = perf_counter()
            _controllers.labels(name, *self._labels, "true").observe(now - last)
            _steps.labels(*self._labels, "true").observe(now - began)
            _summaries.labels(*self._labels, "true").observe(now - began, now)
            raise
        self._passed.observe(last - began)
        self._passed_lately.observe(last - began, last)
