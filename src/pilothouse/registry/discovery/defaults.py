"""Defaults of discovery.k8s.io/v1 (upstream: pkg/apis/discovery/v1/defaults.go)."""

from typing import Any


def default_endpoint_slice(endpoint_slice: dict[str, Any]) -> None:
    for port in endpoint_slice.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
