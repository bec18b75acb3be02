"""Pilothouse: a Kubernetes API server in Python."""

__version__ = "0.1.0"

#: The Kubernetes release whose API, defaults and wire behaviour Pilothouse serves.
KUBERNETES_VERSION = "v1.36.2"
