"""Where a request came from (upstream: k8s.io/apimachinery pkg/util/net, SourceIPs)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request


def source_ips(request: Request) -> list[str]:
    """The addresses that the client and the proxies before it say, then the one that is connected.

    Everything but the last can be made up by the client.
    """
    forwarded = request.header(b"x-forwarded-for") or ""
    found = [ip for part in forwarded.split(",") if (ip := _ip(part.strip()))]
    real = _ip(request.header(b"x-real-ip") or "")
    if real and real not in found:
        found.append(real)
    remote = _ip(request.client[0]) if request.client else ""
    if remote and (not found or found[-1] != remote):
        found.append(remote)
    return found


def _ip(text: str) -> str:
    """In canonical form; "" for what is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
