"""Where a request came from (upstream: k8s.io/apimachinery pkg/util/net, SourceIPs)."""

from __future__ import annotations

from pilothouse.apimachinery.ipvalidation import parse_ip


def source_ips(forwarded: bytes, real: bytes, client: str) -> list[str]:
    """The addresses that the client and the proxies before it say (in X-Forwarded-For and X-Real-Ip), then the one that
    is connected, all in canonical form.

    Everything but the last can be made up by the client.
    """
    found = [ip for part in forwarded.split(b",") if (ip := _ip(part.strip()))]
    said = _ip(real)
    if said and said not in found:
        found.append(said)
    remote = _ip(client.encode())
    if remote and (not found or found[-1] != remote):
        found.append(remote)
    return found


def _ip(text: bytes) -> str:
    """ "" for what is none."""
    address = parse_ip(text.decode("latin-1")) if text else None
    return str(address) if address is not None else ""
