"""Writes that change nothing but times (upstream: apiserver endpoints/handlers/fieldmanager/equality.go)."""

from collections.abc import Mapping
from typing import Any


def ignore_timestamps(new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """`new`, with the managedFields of `old` if these differ in their times only and the objects in nothing else.

    For a store to call before it compares the two, so that such a write is none. Both must be in the same form and
    have the same resourceVersion.
    """
    metadata = new.get("metadata") or {}
    old_metadata = old.get("metadata") or {}
    ours, theirs = metadata.get("managedFields"), old_metadata.get("managedFields")
    if not ours or not theirs or len(ours) != len(theirs) or ours == theirs:
        return new
    if any(_without_time(a) != _without_time(b) for a, b in zip(ours, theirs, strict=True)):
        return new
    metadata = {**metadata, "managedFields": theirs}
    candidate = {**new, "metadata": metadata}
    return candidate if candidate == old else new


def _without_time(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "time"}
