"""Discovery documents of other servers, read with care: they are shown to every client as this server's own
(upstream: the typed decoding of apidiscovery.k8s.io, apiserver pkg/endpoints/installer.go,
ConvertGroupVersionIntoToDiscovery)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]


def checked_version(value: Any) -> Object:
    """An APIVersionDiscovery with the fields that are known, of the right types. Raises ValueError."""
    version = _object(value)
    name = _text(version, "version")
    if not name:
        raise ValueError("a version without a name")
    return {"version": name, "resources": [_resource(item) for item in _list(version, "resources")]}


def _resource(value: Any) -> Object:
    resource = _object(value)
    found: Object = {
        "resource": _text(resource, "resource"), "responseKind": _kind(resource.get("responseKind")),
        "scope": _text(resource, "scope"), "singularResource": _text(resource, "singularResource"),
        "verbs": _texts(resource, "verbs"),
    }
    for key in ("shortNames", "categories"):
        if resource.get(key):
            found[key] = _texts(resource, key)
    if resource.get("subresources"):
        found["subresources"] = [_subresource(item) for item in _list(resource, "subresources")]
    return found


def _subresource(value: Any) -> Object:
    subresource = _object(value)
    found: Object = {
        "subresource": _text(subresource, "subresource"), "responseKind": _kind(subresource.get("responseKind")),
    }
    if subresource.get("acceptedTypes"):
        found["acceptedTypes"] = [_kind(item) for item in _list(subresource, "acceptedTypes")]
    return found | {"verbs": _texts(subresource, "verbs")}


def _kind(value: Any) -> Object:
    """Old clients cannot do without one."""
    kind = _object(value) if value is not None else {}
    return {key: _text(kind, key) for key in ("group", "version", "kind")}


def from_resource_list(value: Any) -> list[Object]:
    """The resources of an APIResourceList. Raises ValueError."""
    listed = [_object(item) for item in _list(_object(value), "resources")]
    found: dict[str, Object] = {}
    for item in listed:
        name = _text(item, "name")
        if "/" not in name:
            found[name] = _resource({
                **item, "resource": name, "scope": _scope(item), "singularResource": item.get("singularName", ""),
                "responseKind": item, "subresources": None,
            })
    for item in listed:
        parent, slash, name = _text(item, "name").partition("/")
        if not slash:
            continue
        resource = found.setdefault(parent, {
            "resource": parent, "responseKind": _kind(None), "scope": _scope(item), "singularResource": "", "verbs": [],
        })
        if resource["scope"] != _scope(item):
            raise ValueError(f"Error: Parent {parent} (scope: {resource['scope']}) and subresource {name} "
                             f"(scope: {_scope(item)}) scope do not match")
        kind = _kind(item if item.get("kind") else None)
        resource.setdefault("subresources", []).append(
            {"subresource": name, "responseKind": kind, "verbs": _texts(item, "verbs")}
        )
    return list(found.values())


def _scope(item: Mapping[str, Any]) -> str:
    return "Namespaced" if item.get("namespaced") else "Cluster"


def _object(value: Any) -> Object:
    if not isinstance(value, dict):
        raise ValueError("an object is expected")
    return value


def _list(value: Object, key: str) -> list[Any]:
    found = value.get(key) or []
    if not isinstance(found, list):
        raise ValueError(f"{key} is no list")
    return found


def _text(value: Object, key: str) -> str:
    found = value.get(key) or ""
    if not isinstance(found, str):
        raise ValueError(f"{key} is no string")
    return found


def _texts(value: Object, key: str) -> list[str]:
    found = _list(value, key)
    if not all(isinstance(item, str) for item in found):
        raise ValueError(f"{key} holds something else than strings")
    return found
