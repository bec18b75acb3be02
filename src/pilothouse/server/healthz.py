"""Health checks: /healthz, /livez, /readyz (upstream: k8s.io/apiserver pkg/server/healthz, pkg/server/healthz.go).

The three endpoints have lists of their own. A failing check is named to everybody; its reason goes to the
log and to those who may read the check's own path.
"""

import time
from collections.abc import Callable
from typing import Protocol

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.observability.logging import Logger, log
from pilothouse.observability.metrics import SLI_REGISTRY, Registry
from pilothouse.server.lifecycle import Signal
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import NOSNIFF, text, text_error

HEALTHZ, LIVEZ, READYZ = "healthz", "livez", "readyz"
ENDPOINTS = (HEALTHZ, LIVEZ, READYZ)


class HealthChecker(Protocol):
    """A named check. `check` returns None when healthy, else the reason; it must be quick and not raise."""

    @property
    def name(self) -> str: ...

    def check(self) -> str | None: ...


class Check:
    """A check made of a function."""

    __slots__ = ("check", "name")

    def __init__(self, name: str, check: Callable[[], str | None] = lambda: None) -> None:
        self.name = name
        self.check = check


def ping() -> Check:
    return Check("ping")


def log_check(logger: Logger = log) -> Check:
    return Check("log", lambda: "logging blocked" if logger.writer.blocked() else None)


def shutdown_check(shutdown_initiated: Signal) -> Check:
    return Check("shutdown", lambda: "process is shutting down" if shutdown_initiated.done else None)


def delayed(check: HealthChecker, grace: float, clock: Callable[[], float] = time.monotonic) -> HealthChecker:
    """Healthy for the first `grace` seconds whatever `check` says (--livez-grace-period)."""
    start = clock() + grace
    return Check(check.name, lambda: check.check() if clock() > start else None)


class HealthRegistry:
    """The checks of one endpoint, in the order in which they are shown."""

    def __init__(self, endpoint: str, metrics: Registry = SLI_REGISTRY, logger: Logger = log) -> None:
        self.endpoint = endpoint
        self.checks: list[HealthChecker] = []
        self._logger = logger
        self._state = metrics.gauge(
            "kubernetes_healthcheck", "This metric records the result of a single healthcheck.", ("name", "type"),
            "STABLE",
        )
        self._total = metrics.counter(
            "kubernetes_healthchecks_total", "This metric records the results of all healthcheck.",
            ("name", "status", "type"), "STABLE",
        )

    def add(self, check: HealthChecker) -> None:
        """Add a check; one with a name that is there already is left out, so delegates may repeat theirs."""
        if all(known.name != check.name for known in self.checks):
            self.checks.append(check)

    def failing(self) -> dict[str, str]:
        """Name and reason of every check that fails now."""
        return {check.name: reason for check in self.checks if (reason := check.check()) is not None}

    def install(
        self, mux: PathRecorderMux, on_healthy: Callable[[], None] | None = None,
        wrap: Callable[[Handler], Handler] = lambda handler: handler,
    ) -> None:
        """Put /<endpoint> and /<endpoint>/<check> on `mux`.

        `on_healthy` is called at each success; `wrap` goes around the endpoint itself (to count its requests).
        """
        mux.handle(f"/{self.endpoint}", wrap(self._root(on_healthy)))
        for check in self.checks:
            mux.handle(f"/{self.endpoint}/{check.name}", _single(check))

    def _root(self, on_healthy: Callable[[], None] | None) -> Handler:
        async def serve(request: Request) -> Response:
            excluded = {value for key, value in request.query if key == "exclude"}
            lines, failed = self._run(excluded)
            if failed:
                self._log_failures(failed)
                return text_error(500, f"{''.join(lines)}{self.endpoint} check failed")
            if on_healthy is not None:
                on_healthy()
            if request.query_value("verbose") is None:
                return text("ok", headers=[NOSNIFF])
            return text(f"{''.join(lines)}{self.endpoint} check passed\n", headers=[NOSNIFF])

        return serve

    def _run(self, excluded: set[str]) -> tuple[list[str], dict[str, str]]:
        lines: list[str] = []
        failed: dict[str, str] = {}
        unknown = set(excluded)
        for check in self.checks:
            name = check.name
            if name in excluded:
                unknown.discard(name)
                lines.append(f"[+]{name} excluded: ok\n")
                continue
            reason = check.check()
            self._observe(name, reason is None)
            if reason is None:
                lines.append(f"[+]{name} ok\n")
            else:
                failed[name] = reason
                # The endpoint is public; reasons are for the log and for the check's own path.
                lines.append(f"[-]{name} failed: reason withheld\n")
        if unknown:
            names = ",".join(go_quote(name) for name in sorted(unknown))
            lines.append(f"warn: some health checks cannot be excluded: no matches for {names}\n")
        return lines, failed

    def _observe(self, name: str, ok: bool) -> None:
        self._state.set(1.0 if ok else 0.0, name, self.endpoint)
        self._total.inc(name, "success" if ok else "error", self.endpoint)

    def _log_failures(self, failed: dict[str, str]) -> None:
        if self._logger.v(2):
            reasons = "".join(f"[-]{name} failed: {reason}\n" for name, reason in failed.items())
            self._logger.info(f"{','.join(failed)} check failed: {self.endpoint}\n{reasons}", level=2)


def _single(check: HealthChecker) -> Handler:
    async def serve(request: Request) -> Response:
        reason = check.check()
        return text("ok") if reason is None else text_error(500, f"internal server error: {reason}")

    return serve
