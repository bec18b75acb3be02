"""Table cells of the internal.apiserver.k8s.io group."""

from __future__ import annotations

from typing import Any

from pilothouse.registry.printing import UNSET, Obj, TablePrinter, age, name, shortened

_SHOWN_SERVERS = 3


def _storage_version(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    common = status.get("commonEncodingVersion")
    servers = [
        f"{server.get('apiServerID', '')}={server.get('encodingVersion', '')}"
        for server in status.get("storageVersions") or ()
    ]
    return [name(obj), UNSET if common is None else common, shortened(servers, _SHOWN_SERVERS), age(obj, now)]


PRINTERS = {"storageversions": TablePrinter(__package__, "storageversions", _storage_version)}
