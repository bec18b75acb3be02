"""Which definitions a document needs."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

_REFERENCE = re.compile(rb'"\$ref":"#/(?:definitions|components/schemas)/([^"]+)"')


def needed(text: bytes, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions that the JSON `text` refers to, and those that these refer to, sorted by name."""
    found: dict[str, Any] = {}
    waiting = [text]
    while waiting:
        for reference in _REFERENCE.findall(waiting.pop()):
            name = reference.decode()
            if name not in found:
                found[name] = definitions[name]
                waiting.append(orjson.dumps(definitions[name]))
    return dict(sorted(found.items()))
