"""Validation of probes and lifecycle hooks (upstream: core/validation validateProbe, validateLifecycle)."""

from __future__ import annotations

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_http_header_name, is_port_name, is_port_number
from pilothouse.registry.core.pod_rules import Surroundings
from pilothouse.registry.rules import NONE, Errors, Obj, non_negative, one_of, required, within

_SCHEMES = ("HTTP", "HTTPS")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_WINDOWS_SIGNALS = ("SIGKILL", "SIGTERM")
_SIGNALS = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
})
_REAL_TIME = {*(f"RTMIN+{i}" for i in range(1, 16)), *(f"RTMAX-{i}" for i in range(1, 15))}
_LINUX_SIGNALS = tuple(sorted(f"SIG{name}" for name in _SIGNALS | _REAL_TIME))


def port_or_name(obj: Obj, name: str) -> Errors:
    """An IntOrString: a port's number (missing: 0), or its name in the container."""
    value = obj.get(name, 0)
    texts = is_port_name(value) if isinstance(value, str) else is_port_number(value)
    return [field.invalid(name, value, text) for text in texts] if texts else NONE


def _exec(action: Obj, pod: Surroundings) -> Errors:
    return required(action, "command")


def _http_get(action: Obj, pod: Surroundings) -> Errors:
    errors = [*required(action, "path"), *port_or_name(action, "port"), *one_of(action, "scheme", _SCHEMES)]
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        errors += [field.invalid("httpHeaders", name, text) for text in is_http_header_name(name)]
    return errors


def _port(action: Obj, pod: Surroundings) -> Errors:
    return port_or_name(action, "port")


def _sleep(action: Obj, pod: Surroundings) -> Errors:
    seconds, period = action.get("seconds") or 0, pod.grace_period
    if period is None or 0 <= seconds <= period:
        return NONE
    text = f"must be non-negative and less than terminationGracePeriodSeconds ({period})"
    return (field.invalid("", seconds, text),)


_HANDLERS = {"exec": _exec, "httpGet": _http_get, "tcpSocket": _port, "grpc": _port, "sleep": _sleep}


def _handler(handler: Obj, pod: Surroundings) -> Errors:
    """Exactly one way to do it; of several, only the first in upstream's order is looked at."""
    given = [name for name in _HANDLERS if name in handler]
    if not given:
        return (field.required("", "must specify a handler type"),)
    found = within(given[0], _HANDLERS[given[0]](handler[given[0]], pod))
    if len(given) == 1:
        return found
    return [*found, *(field.forbidden(name, "may not specify more than 1 handler type") for name in given[1:])]


def _probe(probe: Obj, pod: Surroundings) -> Errors:
    errors = [*_handler(probe, pod)]
    for name in _COUNTS:
        errors += non_negative(probe, name)
    period = probe.get("terminationGracePeriodSeconds")
    if period is not None and period <= 0:
        errors.append(field.invalid("terminationGracePeriodSeconds", period, "must be greater than 0"))
    return errors


def validate_probes(container: Obj, pod: Surroundings) -> Errors:
    errors: list[Error] = []
    if (probe := container.get("livenessProbe")) is not None:
        errors += within("livenessProbe", [*_probe(probe, pod), *_succeeds_once(probe)])
    if (probe := container.get("readinessProbe")) is not None:
        period = probe.get("terminationGracePeriodSeconds")
        errors += within("readinessProbe", _probe(probe, pod))
        if period is not None:
            text = "must not be set for readinessProbes"
            errors.append(field.invalid("readinessProbe.terminationGracePeriodSeconds", period, text))
    if (probe := container.get("startupProbe")) is not None:
        errors += within("startupProbe", [*_probe(probe, pod), *_succeeds_once(probe)])
    return errors


def _succeeds_once(probe: Obj) -> Errors:
    threshold = probe.get("successThreshold") or 0
    return NONE if threshold == 1 else (field.invalid("successThreshold", threshold, "must be 1"),)


def validate_lifecycle(lifecycle: Obj, pod: Surroundings) -> Errors:
    errors: list[Error] = []
    for name in ("postStart", "preStop"):
        if (handler := lifecycle.get(name)) is not None:
            errors += within(name, _handler(handler, pod))
    if (signal := lifecycle.get("stopSignal")) is not None:
        errors += _stop_signal(signal, pod.os)
    return errors


def _stop_signal(signal: str, os: str | None) -> Errors:
    if os is None:
        return (field.forbidden("stopSignal", "may not be set for containers with empty `spec.os.name`"),)
    signals = {"windows": _WINDOWS_SIGNALS, "linux": _LINUX_SIGNALS}.get(os)
    if signals is None or signal in signals:
        return NONE
    return (field.not_supported("stopSignal", signal, signals),)
