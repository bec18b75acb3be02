"""Reads the bootstrap tables."""

from __future__ import annotations

from importlib import resources
from typing import Any

import orjson

Object = dict[str, Any]


def table(name: str) -> dict[str, list[Object]]:
    """Objects by resource name, in the order in which they are to be made."""
    loaded: dict[str, list[Object]] = orjson.loads(_read(name))
    return loaded


def gated_tables(name: str) -> dict[str, dict[str, list[Object]]]:
    """Tables by feature gate."""
    loaded: dict[str, dict[str, list[Object]]] = orjson.loads(_read(name))
    return loaded


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()
