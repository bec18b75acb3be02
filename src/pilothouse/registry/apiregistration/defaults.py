"""Defaults of apiregistration.k8s.io/v1 (upstream: kube-aggregator pkg/apis/apiregistration/v1/defaults.go)."""

from typing import Any


def default_api_service(api_service: dict[str, Any]) -> None:
    service = (api_service.get("spec") or {}).get("service")
    if service is not None:
        service.setdefault("port", 443)
