"""The auditor that the options ask for (upstream: k8s.io/apiserver pkg/server/options/audit.go, ApplyTo)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.audit.auditor import Auditor
from pilothouse.audit.buffered import BatchConfig, BufferedBackend
from pilothouse.audit.interface import BATCH, BLOCKING_STRICT
from pilothouse.audit.metrics import AuditMetrics
from pilothouse.audit.policy import Policy, load_policy
from pilothouse.audit.truncate import TruncatingBackend
from pilothouse.audit.union import UnionBackend
from pilothouse.observability.logging import log

if TYPE_CHECKING:
    from pilothouse.audit.interface import Backend
    from pilothouse.audit.log import File
    from pilothouse.options.audit import AuditOptions

_MEGABYTE = 1024 * 1024


def build(options: AuditOptions) -> Auditor | None:
    """None without a policy or without a backend. Raises ValueError for files that cannot be used."""
    metrics = AuditMetrics()
    policy = _policy(options.audit_policy_file) if options.audit_policy_file else None
    if options.audit_log_path not in ("", "-"):
        _ensure_log_file(options.audit_log_path)
    if policy is None:
        return None
    backends = []
    if options.audit_log_path:
        backends.append(_log(options, metrics))
    if options.audit_webhook_config_file:
        backends.append(_webhook(options, metrics))
    if not backends:
        return None
    return Auditor(policy, backends[0] if len(backends) == 1 else UnionBackend(backends), metrics)


def _policy(file: str) -> Policy:
    try:
        policy, strict_error = load_policy(Path(file))
    except ValueError as e:
        raise ValueError(f"loading audit policy file: {e}") from None
    if strict_error:
        log.warning(f"Audit policy contains errors, falling back to lenient decoding: {strict_error}")
    return policy


def _ensure_log_file(path: str) -> None:
    """As upstream makes it, also where there is nothing to be written."""
    action = "mkdir"
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        action = "open"
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600))
    except OSError as e:
        reason = e.strerror.lower() if e.strerror else str(e)
        raise ValueError(f"ensureLogFile: {action} {e.filename}: {reason}") from None


def _log(options: AuditOptions, metrics: AuditMetrics) -> Backend:
    from pilothouse.audit.log import LogBackend, StandardOutput
    from pilothouse.audit.rotation import RotatingFile

    values = options.of("log")

    def open_file() -> File:
        if values["path"] == "-":
            return StandardOutput()
        return RotatingFile(
            Path(values["path"]), max_bytes=values["maxsize"] * _MEGABYTE, max_backups=values["maxbackup"],
            max_days=values["maxage"], compress=values["compress"],
        )

    backend = LogBackend(open_file, values["format"], metrics, strict=values["mode"] == BLOCKING_STRICT)
    return _wrapped(backend, values, metrics, joins=True)


def _webhook(options: AuditOptions, metrics: AuditMetrics) -> Backend:
    from pilothouse.apimachinery.webhook.caller import Backoff, Caller
    from pilothouse.audit.webhook import WebhookBackend

    values = options.of("webhook")
    try:
        caller = Caller.of_file(Path(values["config_file"]))
    except ValueError as e:
        raise ValueError(f"initializing audit webhook: {e}") from None
    strict = values["mode"] == BLOCKING_STRICT
    backend = WebhookBackend(caller, Backoff(values["initial_backoff"]), metrics, strict=strict)
    return _wrapped(backend, values, metrics, concurrent=True)


def _wrapped(
    backend: Backend, values: Mapping[str, Any], metrics: AuditMetrics, *, concurrent: bool = False, joins: bool = False
) -> Backend:
    if values["mode"] == BATCH:
        backend = BufferedBackend(backend, BatchConfig(
            values["batch_buffer_size"], values["batch_max_size"], values["batch_max_wait"],
            values["batch_throttle_qps"] if values["batch_throttle_enable"] else None,
            values["batch_throttle_burst"], concurrent, joins,
        ), metrics)
    if values["truncate_enabled"]:
        backend = TruncatingBackend(
            backend, values["truncate_max_event_size"], values["truncate_max_batch_size"], metrics
        )
    return backend
