"""Table cells of the discovery.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import UNSET, Obj, TablePrinter, age, name, shortened


def _port(port: Obj) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return port["name"] if port.get("name") is not None else "*"


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    addresses = (a for e in obj.get("endpoints") or () for a in e.get("addresses") or ())
    return [
        name(obj), obj.get("addressType", ""), shortened(map(_port, obj.get("ports") or ()), 3) or UNSET,
        shortened(addresses, 3) or UNSET, age(obj, now),
    ]


PRINTERS = {"endpointslices": TablePrinter(__package__, "endpointslices", _endpoint_slice)}
