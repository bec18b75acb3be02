"""What strict decoding objects to: unknown and duplicate fields (upstream: sigs.k8s.io/json, kubernetes_patch.go).

Runs only where the fast decoder has seen something odd, so it may take its time.
"""

from collections.abc import Iterable
from typing import Any

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Type

_MOST = 100


class Pairs(list[tuple[str, Any]]):
    """A JSON object that still has its duplicate keys, in document order (for `object_pairs_hook`)."""

    def items(self) -> Iterable[tuple[str, Any]]:
        return self


def strict_errors(type: Type, value: Any) -> list[str]:
    """`unknown field "a.b"` and `duplicate field "a.b"`, in document order, without repeats, at most 100.

    `value` is parsed JSON whose objects are dicts or `Pairs`.
    """
    found: dict[str, None] = {}
    _walk(type, value, "", found)
    return list(found)[:_MOST]


def duplicate_fields(pairs: Any, prefix: str = "") -> list[str]:
    """`duplicate field "a.b"` for each key that a document without a type says twice, in document order."""
    found: dict[str, None] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, Pairs):
            names: set[str] = set()
            for name, child in value.items():
                where = f"{path}.{name}" if path else name
                if name in names:
                    found[f'{prefix}duplicate field "{where}"'] = None
                names.add(name)
                walk(child, where)
        elif isinstance(value, list):
            for at, child in enumerate(value):
                walk(child, f"{path}[{at}]")

    walk(pairs, "")
    return list(found)


def merged(type: Type | None, value: Any) -> Any:
    """`value` with plain dicts for `Pairs`. Duplicates end as in Go: structs and maps of a struct's field merge,
    anything else is replaced by what comes last."""
    if isinstance(value, list) and not isinstance(value, Pairs):
        items = type.items if type else None
        return [merged(items, v) for v in value]
    if not isinstance(value, Pairs):
        return value
    out: dict[str, Any] = {}
    for key, v in value:
        child = _child(type, key)
        new = merged(child, v)
        old = out.get(key)
        mergeable = type is not None and type.kind == model.STRUCT
        out[key] = _merge(child, old, new) if mergeable and isinstance(old, dict) and isinstance(new, dict) else new
    return out


def _merge(type: Type | None, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if type is None or type.kind not in (model.STRUCT, model.MAP):
        return new
    out = dict(old)
    for key, value in new.items():
        known = out.get(key)
        if type.kind == model.STRUCT and isinstance(known, dict) and isinstance(value, dict):
            value = _merge(_child(type, key), known, value)
        out[key] = value
    return out


def _child(type: Type | None, key: str) -> Type | None:
    if type is None:
        return None
    if type.kind == model.MAP:
        return type.values
    field = type.fields.get(key)
    return field.type if field else None


def _walk(type: Type, value: Any, path: str, found: dict[str, None]) -> None:
    if type.kind == model.LIST and isinstance(value, list):
        assert type.items is not None
        for i, item in enumerate(value):
            _walk(type.items, item, f"{path}[{i}]", found)
    elif type.kind in (model.STRUCT, model.MAP) and isinstance(value, dict | Pairs):
        names: set[str] = set()
        for key, v in value.items():
            where = f"{path}.{key}" if path else key
            child = _child(type, key)
            if child is None:
                if not type.preserve_unknown:
                    found[f'unknown field "{where}"'] = None
                continue
            if key in names:
                found[f'duplicate field "{where}"'] = None
            names.add(key)
            _walk(child, v, where, found)
