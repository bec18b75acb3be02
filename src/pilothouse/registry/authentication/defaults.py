"""Defaults of authentication.k8s.io/v1 (upstream: pkg/apis/authentication/v1/defaults.go)."""

from typing import Any


def default_token_request(request: dict[str, Any]) -> None:
    spec = request.setdefault("spec", {})
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = 3600
