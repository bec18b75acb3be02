"""The options of auditing, and their checks (upstream: k8s.io/apiserver pkg/server/options/audit.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pilothouse.audit.interface import BATCH, FORMATS, MODES
from pilothouse.options.values import quoted

_VERSION = "audit.k8s.io/v1"


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditOptions:
    """What is audited and where it goes. Waits in seconds, `audit_log_maxsize` in megabytes, other sizes in bytes."""

    audit_log_batch_buffer_size: int
    audit_log_batch_max_size: int
    audit_log_batch_max_wait: float
    audit_log_batch_throttle_burst: int
    audit_log_batch_throttle_enable: bool
    audit_log_batch_throttle_qps: float
    audit_log_compress: bool
    audit_log_format: str
    audit_log_maxage: int
    audit_log_maxbackup: int
    audit_log_maxsize: int
    audit_log_mode: str
    audit_log_path: str
    audit_log_truncate_enabled: bool
    audit_log_truncate_max_batch_size: int
    audit_log_truncate_max_event_size: int
    audit_log_version: str
    audit_policy_file: str
    audit_webhook_batch_buffer_size: int
    audit_webhook_batch_max_size: int
    audit_webhook_batch_max_wait: float
    audit_webhook_batch_throttle_burst: int
    audit_webhook_batch_throttle_enable: bool
    audit_webhook_batch_throttle_qps: float
    audit_webhook_config_file: str
    audit_webhook_initial_backoff: float
    audit_webhook_mode: str
    audit_webhook_truncate_enabled: bool
    audit_webhook_truncate_max_batch_size: int
    audit_webhook_truncate_max_event_size: int
    audit_webhook_version: str

    def of(self, backend: str) -> Mapping[str, Any]:
        """The values of one backend ("log", "webhook"), named without "audit-" and its name: "batch_max_size"."""
        prefix = f"audit_{backend}_"
        return {f.name.removeprefix(prefix): getattr(self, f.name) for f in fields(self) if f.name.startswith(prefix)}


def validate(options: AuditOptions) -> Iterator[str]:
    """Options of a backend that is not used are not looked at."""
    if options.audit_log_path:
        log = options.of("log")
        yield from _backend("log", log)
        if log["format"] not in FORMATS:
            yield f"invalid audit log format {log['format']}, allowed formats are {quoted(','.join(FORMATS))}"
        for name in ("maxage", "maxbackup", "maxsize"):
            if log[name] < 0:
                yield f"--audit-log-{name} {log[name]} can't be a negative number"
    if options.audit_webhook_config_file:
        yield from _backend("webhook", options.of("webhook"))


def _backend(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values["mode"] not in MODES:
        yield f"invalid audit {name} mode {values['mode']}, allowed modes are {quoted(','.join(MODES))}"
    elif values["mode"] == BATCH and (text := _batch(name, values)):
        yield text
    event, batch = values["truncate_max_event_size"], values["truncate_max_batch_size"]
    if event <= 0:
        yield f"invalid audit truncate {name} max event size {event}, must be a positive number"
    elif batch < event:
        yield (
            f"invalid audit truncate {name} max batch size {batch}, must be greater than max event size ({event})"
        )
    if values["version"] != _VERSION:
        yield 'invalid group version, allowed versions are ["audit.k8s.io/v1"]'


def _batch(name: str, values: Mapping[str, Any]) -> str:
    """The first error only, as upstream."""
    throttles = values["batch_throttle_enable"]
    checks = (
        (True, "buffer size", values["batch_buffer_size"]), (True, "max batch size", values["batch_max_size"]),
        (throttles, "throttle QPS", values["batch_throttle_qps"]),
        (throttles, "throttle burst", values["batch_throttle_burst"]),
    )
    for matters, what, value in checks:
        if matters and value <= 0:
            return f"invalid audit batch {name} {what} {value:g}, must be a positive number"
    return ""
