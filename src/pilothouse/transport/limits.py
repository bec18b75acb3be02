"""How much and how long a client may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """kube-apiserver's (upstream: server/secure_serving.go; net/http's slack of 4096 bytes included)."""

    header_bytes: int = (1 << 20) + 4096
    header_seconds: float = 32.0
    idle_seconds: float = 90.0
    write_seconds: float = 300.0
    """A client that reads nothing for so long is cut off."""
    linger_seconds: float = 0.5
