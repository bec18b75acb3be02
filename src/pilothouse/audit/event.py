"""An audit event of audit.k8s.io/v1, at one stage (upstream: apiserver pkg/apis/audit/v1, pkg/audit/format.go)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from pilothouse.apimachinery.field import go_quote
from pilothouse.audit.pieces import document
from pilothouse.audit.policy import REQUEST

_TYPE = b'{"kind":"Event","apiVersion":"audit.k8s.io/v1",'
TRUNCATED = "audit.k8s.io/truncated"


class Event:
    """`head` and `tail` are the fields before and behind the objects, `objects` what stands between, all as JSON in
    Go's form and order, in pieces that are joined when the event is written.

    Immutable: a sink may keep it as long as it likes. `received` is in nanoseconds since the epoch.
    """

    __slots__ = ("head", "level", "objects", "received", "tail")

    def __init__(
        self, level: int, head: Sequence[bytes], objects: Sequence[bytes], tail: Sequence[bytes], received: int
    ) -> None:
        self.level = level
        self.head = head
        self.objects = objects
        self.tail = tail
        self.received = received

    @property
    def size(self) -> int:
        """Of `json`, in bytes."""
        return len(_TYPE) + sum(map(len, self.head)) + sum(map(len, self.objects)) + sum(map(len, self.tail)) + 2

    @property
    def json(self) -> bytes:
        """As one line of JSON, with kind and apiVersion."""
        return b"".join((_TYPE, *self.head, *self.objects, *self.tail, b"}\n"))

    @property
    def item(self) -> bytes:
        """As an item of an EventList."""
        return b"".join((b"{", *self.head, *self.objects, *self.tail, b"}"))

    @property
    def has_objects(self) -> bool:
        return self.level >= REQUEST

    def truncated(self) -> Event:
        """The event without its objects, marked so."""
        fields = orjson.loads(b"{%b}" % b"".join(self.tail).removeprefix(b","))
        fields["annotations"] = dict(sorted({**fields.get("annotations", {}), TRUNCATED: "true"}.items()))
        return Event(self.level, self.head, (), (b",", document(fields)[1:-1]), self.received)

    @property
    def legacy(self) -> str:
        """The old line of text (--audit-log-format=legacy)."""
        f: dict[str, Any] = orjson.loads(b"{%b}" % b"".join((*self.head, *self.tail)))
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
        return f'{_local_time(self.received)} AUDIT: {values} response="{code}"'


def _quoted(texts: list[str]) -> str:
    return ",".join(go_quote(text) for text in texts)


def _local_time(nanoseconds: int) -> str:
    """As time.RFC3339Nano writes the server's local time: without zeros at the end of the fraction."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    local = datetime.fromtimestamp(seconds).astimezone()
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    offset = f"{local:%z}"
    zone = "Z" if not local.utcoffset() else f"{offset[:3]}:{offset[3:5]}"
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"
