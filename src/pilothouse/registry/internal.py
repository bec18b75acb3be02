"""Values as error texts show them: as JSON of Kubernetes' internal types (upstream: pkg/apis/*/types.go).

kube-apiserver checks internal objects, whose Go fields have no JSON names. Where it shows a whole struct, its
fields stand there in Go's order and by Go's names, whether they are set or not. `internal.tsv` says which (type,
field, wire name, kind); a field without a name is embedded, one without a wire name is never set. Read only when
an error has such a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

#: The finest difference of longer texts takes the square of their length.
_MOST_LINES = 1500
_Render = Callable[[Any], Any]
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_ZEROS: Mapping[str, Any] = {"string": "", "int": 0, "bool": False, "quantity": "0", "intstr": 0}


def internal(type: str, value: Any) -> Any:
    """The wire value `value` as a JSON value of the internal type `type`: "core.SecurityContext",
    "[]core.PodIP", "*batch.SuccessPolicy"."""
    return _renderer(type)(value)


def internal_diff(type: str, old: Any, new: Any) -> str:
    """A unified diff of two values, without file names (upstream: apimachinery pkg/util/diff)."""
    import difflib  # only refused updates need it

    before, after = (_pretty(internal(type, value)) for value in (old, new))
    if len(before) + len(after) > _MOST_LINES:
        return _rough_diff(before, after)
    return "".join(list(difflib.unified_diff(before, after))[2:])


def _rough_diff(before: list[str], after: list[str]) -> str:
    """One hunk with all from the first line that differs to the last one, as much of it as is shown."""
    shortest = min(len(before), len(after))
    head = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    tail = next((i for i in range(shortest - head) if before[-1 - i] != after[-1 - i]), shortest - head)
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    return "".join([
        f"@@ -{head + 1},{len(gone)} +{head + 1},{len(come)} @@\n",
        *("-" + line for line in gone[:_MOST_LINES]), *("+" + line for line in come[:_MOST_LINES]),
    ])


def _pretty(value: Any) -> list[str]:
    text = json.dumps(value, indent=1, ensure_ascii=False).translate(_HTML)
    return [line + "\n" for line in text.split("\n")]


@cache
def _types() -> Mapping[str, list[tuple[str, str, str]]]:
    types: dict[str, list[tuple[str, str, str]]] = {}
    lines = Path(__file__).with_name("internal.tsv").read_text("utf-8").splitlines()
    for line in lines[1:]:
        name, field, wire, kind = line.split("\t")
        types.setdefault(name, []).append((field, wire, kind))
    return types


@cache
def _renderer(kind: str) -> _Render:
    if kind[0] == "*":
        return _optional(kind[1:])
    if kind[:2] == "[]":
        return _list(kind[2:])
    if kind[:2] == "{}":
        return _map(kind[2:])
    if kind == "tagged":
        # a type that has JSON names
        return lambda value: value
    if kind in _ZEROS:
        zero = _ZEROS[kind]
        return lambda value: zero if value is None else value
    return _struct(kind)


def _optional(kind: str) -> _Render:
    def render(value: Any) -> Any:
        return None if value is None else _renderer(kind)(value)

    return render


def _list(kind: str) -> _Render:
    def render(value: Any) -> Any:
        return None if value is None else [_renderer(kind)(v) for v in value]

    return render


def _map(kind: str) -> _Render:
    def render(value: Any) -> Any:
        return None if value is None else {k: _renderer(kind)(v) for k, v in sorted(value.items())}

    return render


def _struct(name: str) -> _Render:
    fields = _types()[name]

    def render(value: Any) -> Any:
        given = value or {}
        if name == "core.PodSpec":
            given = _with_host_fields(given)
        out: dict[str, Any] = {}
        for field, wire, kind in fields:
            if field:
                out[field] = _renderer(kind)(given.get(wire) if wire else None)
            elif kind == "tagged":
                # metadata: its fields stand among the others
                out.update(given.get("metadata") or {})
            else:
                out.update(_renderer(kind)(given))
        return out

    return render


def _with_host_fields(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Internally, what a pod shares with its host belongs to its security context, which is always there."""
    context = dict(spec.get("securityContext") or {})
    context.update({name: spec[name] for name in _HOST_FIELDS if name in spec})
    return {**spec, "securityContext": context}
