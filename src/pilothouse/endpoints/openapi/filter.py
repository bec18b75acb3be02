"""The part of an OpenAPI v2 document that some paths make up (upstream: kube-openapi pkg/aggregator,
FilterSpecByPathsWithoutSideEffects)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

_REFERENCE = re.compile(rb'"\$ref":"#/definitions/([^"]+)"')


def below(document: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The paths that begin with `prefix`, and the definitions without those that only other paths need.

    Raises ValueError for what is no OpenAPI v2 document.
    """
    paths, definitions = document.get("paths") or {}, document.get("definitions") or {}
    if not isinstance(paths, dict) or not isinstance(definitions, dict):
        raise ValueError("paths and definitions must be objects")
    kept = {path: item for path, item in paths.items() if path.startswith(prefix)}
    used, wanted = _used(paths.values(), definitions), _used(kept.values(), definitions)
    found = {name: schema for name, schema in definitions.items() if name in wanted or name not in used}
    return {**document, "paths": kept, "definitions": found}


def _used(items: Iterable[Any], definitions: Mapping[str, Any]) -> set[str]:
    """The names of the definitions that `items` refer to, directly or not."""
    found: set[str] = set()
    waiting = [orjson.dumps(item) for item in items]
    while waiting:
        for reference in _REFERENCE.findall(waiting.pop()):
            name = reference.decode()
            if name not in found and name in definitions:
                found.add(name)
                waiting.append(orjson.dumps(definitions[name]))
    return found
