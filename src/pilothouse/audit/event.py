"""An audit event of audit.k8s.io/v1, at one stage (upstream: apiserver pkg/apis/audit/v1, pkg/audit/format.go)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.field import go_quote
from pilothouse.audit.policy import REQUEST

_TYPE = {"kind": "Event", "apiVersion": "audit.k8s.io/v1"}
_OBJECTS = ("requestObject", "responseObject")
TRUNCATED = "audit.k8s.io/truncated"


class Event:
    """`fields` are in Go's order, without kind and apiVersion; objects in them are `orjson.Fragment`s.

    Immutable: a sink may keep it as long as it likes. It is encoded once, however many sinks there are.
    """

    def __init__(self, level: int, fields: Mapping[str, Any]) -> None:
        self.level = level
        self.fields = fields

    @cached_property
    def json(self) -> bytes:
        """As one line of JSON, with kind and apiVersion."""
        return escape(orjson.dumps({**_TYPE, **self.fields})) + b"\n"

    @property
    def item(self) -> bytes:
        """As an item of an EventList."""
        return escape(orjson.dumps(self.fields))

    @property
    def has_objects(self) -> bool:
        return self.level >= REQUEST

    def truncated(self) -> Event:
        """The event without its objects, marked so."""
        kept = {name: value for name, value in self.fields.items() if name not in _OBJECTS}
        kept["annotations"] = dict(sorted({**kept.get("annotations", {}), TRUNCATED: "true"}.items()))
        return Event(self.level, kept)

    @property
    def legacy(self) -> str:
        """The old line of text (--audit-log-format=legacy)."""
        f = self.fields
        user, acted = f["user"], f.get("impersonatedUser")
        name, groups = user.get("username"), user.get("groups")
        as_user, as_groups = "<self>", "<lookup>"
        if acted is not None:
            as_user = acted.get("username", "")
            as_groups = _quoted(acted["groups"]) if acted.get("groups") else as_groups
        shown = {
            "id": f["auditID"], "stage": f["stage"], "ip": (f.get("sourceIPs") or ["<unknown>"])[0],
            "method": f["verb"], "user": name or "<none>", "groups": _quoted(groups) if name and groups else "<none>",
            "as": as_user, "asgroups": as_groups, "user-agent": f.get("userAgent", ""),
            "namespace": (f.get("objectRef") or {}).get("namespace") or "<none>", "uri": f["requestURI"],
        }
        code = f["responseStatus"].get("code", 0) if "responseStatus" in f else "<deferred>"
        values = " ".join(f"{key}={go_quote(value)}" for key, value in shown.items())
        return f'{_nanoseconds(f["requestReceivedTimestamp"])} AUDIT: {values} response="{code}"'


def _quoted(texts: list[str]) -> str:
    return ",".join(go_quote(text) for text in texts)


def _nanoseconds(text: str) -> str:
    """A micro time as time.RFC3339Nano writes it: without zeros at the end of the fraction."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
