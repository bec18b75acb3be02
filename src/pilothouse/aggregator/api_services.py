"""The stored APIServices as the aggregator sees them (upstream: kube-aggregator's lister and
apis/apiregistration/v1/helper)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pilothouse.apimachinery.versions import preference

Object = dict[str, Any]
#: `(name, obj)`; `obj` is None when it was deleted.
Listener = Callable[[str, Object | None], None]

GROUP = "apiregistration.k8s.io"
LEGACY = "v1."
"""The APIService of the core group."""
AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"


class APIServices:
    """All APIServices by name, kept in step with the store; objects must not be changed."""

    def __init__(self) -> None:
        self._objects: dict[str, Object] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` for every change, and now for each that is there."""
        self._listeners.append(listener)
        for name, obj in list(self._objects.items()):
            listener(name, obj)

    def apply(self, name: str, obj: Object | None) -> None:
        """`obj` is new or changed; None: it is gone."""
        if obj is None:
            if self._objects.pop(name, None) is None:
                return
        else:
            self._objects[name] = obj
        for listener in self._listeners:
            listener(name, obj)

    def get(self, name: str) -> Object | None:
        return self._objects.get(name)

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def by_group(self) -> list[tuple[str, list[str]]]:
        """(group, its versions), the core group aside: groups by falling priority, then by name; versions likewise."""
        groups: dict[str, list[Object]] = {}
        for obj in sorted(self._objects.values(), key=_group_order):
            groups.setdefault(obj["spec"].get("group", ""), []).append(obj)
        groups.pop("", None)
        return [
            (group, [obj["spec"]["version"] for obj in sorted(members, key=_version_order)])
            for group, members in groups.items()
        ]


def service_of(obj: Object) -> Object | None:
    """The service reference of a remote APIService, None for a local one."""
    service: Object | None = obj["spec"].get("service")
    return service


def available(obj: Object) -> Object | None:
    """The Available condition."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == "Available"), None)


def is_available(obj: Object) -> bool:
    condition = available(obj)
    return condition is not None and condition["status"] == "True"


def _group_order(obj: Object) -> tuple[int, str]:
    return -obj["spec"].get("groupPriorityMinimum", 0), obj["metadata"]["name"]


def _version_order(obj: Object) -> tuple[int, Any]:
    return -obj["spec"].get("versionPriority", 0), preference(obj["spec"]["version"])
