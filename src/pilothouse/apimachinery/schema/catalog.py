"""The built-in types, by kind and by OpenAPI name (compiled when the package is built, see `hatch_build.py`).

The document is read on first use; a type is linked with all that it refers to when somebody asks for it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.model import Field, Type


def type_for(gvk: GroupVersionKind) -> Type | None:
    """The struct type of a built-in kind, or None. Equal calls give the same object."""
    return _catalog().type_for(gvk)


def type_named(name: str) -> Type | None:
    """The type with the OpenAPI name, such as "io.k8s.api.core.v1.PodSpec", or None."""
    return _catalog().type_named(name)


def kinds() -> Mapping[GroupVersionKind, str]:
    """Every built-in kind, lists and options included, and its OpenAPI name."""
    return _catalog().kinds


def names() -> tuple[str, ...]:
    """The OpenAPI names of all struct types."""
    return tuple(_catalog().structs)


def definitions(version: int) -> dict[str, Any]:
    """The definitions of all types as OpenAPI v2 or v3 documents hold them, by name. Large, and read anew each time."""
    found: dict[str, Any] = orjson.loads(_read(f"openapi_v{version}.json"))
    return found


@cache
def _catalog() -> "_Catalog":
    return _Catalog(orjson.loads(_read("types.json")))


def _read(name: str) -> bytes:
    return (Path(__file__).parent / "_compiled" / name).read_bytes()


class _Catalog:
    """Links nodes of `types.json` (its shape is told in tools/compile_schema.py)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._nodes: list[list[Any]] = document["nodes"]
        self._linked: dict[int, Type] = {}
        self._defaults: Mapping[str, Mapping[str, object]] = document["defaults"]
        self.structs: Mapping[str, int] = document["types"]
        self._gvks: dict[int, list[GroupVersionKind]] = {}
        self.kinds: dict[GroupVersionKind, str] = {}
        self._by_kind: dict[GroupVersionKind, int] = {}
        for group, version, kind, node in document["kinds"]:
            gvk = GroupVersionKind(group, version, kind)
            self._by_kind[gvk] = node
            self.kinds[gvk] = self._nodes[node][1]
            self._gvks.setdefault(node, []).append(gvk)

    def type_for(self, gvk: GroupVersionKind) -> Type | None:
        node = self._by_kind.get(gvk)
        return None if node is None else self._link(node)

    def type_named(self, name: str) -> Type | None:
        node = self.structs.get(name)
        return None if node is None else self._link(node)

    def _link(self, index: int) -> Type:
        known = self._linked.get(index)
        if known is not None:
            return known
        kind, *facts = self._nodes[index]
        linked = self._linked[index] = Type(kind)  # before its parts: a type may contain itself
        getattr(self, f"_link_{kind}")(linked, *facts)
        linked.gvks = tuple(self._gvks.get(index, ()))
        return linked

    def _link_struct(self, linked: Type, name: str, go_name: str, atomic: bool, fields: list[list[Any]]) -> None:
        linked.name = name
        linked.go_name = go_name
        linked.atomic = atomic
        defaults = self._defaults.get(name, {})
        linked.fields = {
            json_name: Field(
                json_name, self._link(node), omit=omit, pointer=pointer, required=required,
                patch_strategy=tuple(strategy), patch_merge_key=merge_key, proto_path=tuple(proto_path),
                default=defaults.get(json_name),
            )
            for json_name, node, omit, pointer, required, strategy, merge_key, proto_path in fields
        }

    def _link_list(self, linked: Type, items: int, list_type: str, map_keys: list[str], go_name: str) -> None:
        linked.items = self._link(items)
        linked.list_type = list_type
        linked.map_keys = tuple(map_keys)
        linked.go_name = go_name
        if map_keys:
            defaults = self._defaults.get(self._nodes[items][1], {})
            linked.key_defaults = {key: defaults[key] for key in map_keys if key in defaults}

    def _link_map(self, linked: Type, values: int, atomic: bool, go_name: str) -> None:
        linked.values = self._link(values)
        linked.atomic = atomic
        linked.go_name = go_name

    def _link_scalar(self, linked: Type, format: str, go_name: str, enum: list[str], items: int | None = None) -> None:
        linked.format = format
        linked.go_name = go_name
        linked.enum = tuple(enum)
        linked.items = None if items is None else self._link(items)
