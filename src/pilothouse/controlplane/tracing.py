"""The tracer that --tracing-config-file asks for (upstream: k8s.io/apiserver pkg/server/options/tracing.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pilothouse.apimachinery import field
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.componentconfig import INT32, STRING, load, pointer, struct
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.observability import tracing

_CONFIGURATION = struct("v1.TracingConfiguration", endpoint=pointer(STRING), samplingRatePerMillion=pointer(INT32))
_KINDS = {
    GroupVersionKind("apiserver.config.k8s.io", version, "TracingConfiguration"): _CONFIGURATION
    for version in ("v1", "v1beta1", "v1alpha1")
}
_MILLION = 1_000_000


def build(file: str, instance: str) -> tracing.Tracer | None:
    """None without a file; else it is the process's from now on. Raises ValueError."""
    if not file:
        return None
    config = _read(file)
    errors = list(_validate(config))
    if errors:
        raise ValueError(f"failed to validate tracing configuration: {aggregate(errors)}")
    try:
        from pilothouse.observability.otlp import OTLPTracer
    except ImportError as e:
        raise ValueError(f"tracing needs OpenTelemetry, pip install pilothouse[tracing]: {e}") from None
    tracer = OTLPTracer(config.get("endpoint") or "", config.get("samplingRatePerMillion") or 0, instance)
    tracing.install(tracer)
    return tracer


def _read(file: str) -> Mapping[str, Any]:
    """Raises ValueError for a file that cannot be read or decoded."""
    try:
        data = Path(file).read_bytes()
    except OSError as e:
        reason = e.strerror.lower() if e.strerror else str(e)
        raise ValueError(
            f'failed to read tracing config: unable to read tracing configuration from "{file}": open {file}: {reason}'
        ) from None
    try:
        loaded = load(data, _KINDS)
        if loaded.strict:
            raise ValueError(loaded.strict_error)
    except ValueError as e:
        raise ValueError(
            f"failed to read tracing config: unable to decode tracing configuration data: {e}"
        ) from None
    return loaded.obj


def _validate(config: Mapping[str, Any]) -> Iterator[field.Error]:
    rate = config.get("samplingRatePerMillion") or 0
    if rate < 0:
        yield field.invalid("samplingRatePerMillion", rate, "sampling rate must be positive")
    if rate > _MILLION:
        yield field.invalid(
            "samplingRatePerMillion", rate, "sampling rate per million must be less than or equal to one million"
        )
    endpoint = config.get("endpoint")
    if endpoint is None:
        return
    url = endpoint if "//" in endpoint else f"dns://{endpoint}"
    scheme = urlsplit(url).scheme
    if scheme not in ("dns", "unix", "unix-abstract"):
        yield field.invalid(
            "endpoint", url, f"unsupported scheme: {scheme}.  Options are none, dns, unix, or unix-abstract.  See"
            " https://github.com/grpc/grpc/blob/master/doc/naming.md",
        )
