"""Managers of a kind that is served in several versions (upstream: managedfields/internal/versionconverter.go)."""

import copy
from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson

from pilothouse.apimachinery.managedfields.updater import Converter, Object
from pilothouse.apimachinery.schema.model import Type


class Version(NamedTuple):
    """A served version: its type, and how its objects become the hub version's and back (None: it is the hub).

    The functions may change their argument; they get objects without kind, apiVersion and managedFields.
    """

    type: Type
    to_hub: Callable[[Object], Object] | None = None
    from_hub: Callable[[Object], Object] | None = None


def through_hub(versions: Mapping[str, Version]) -> Converter:
    """The converter for field managers of a kind. `versions` has all served ones by apiVersion ("apps/v1").

    Nothing ({}, what stands there before a create) is nothing in every version.
    """

    def convert(obj: Object, current: str, wanted: str) -> tuple[Type, Object] | None:
        source, target = versions.get(current), versions.get(wanted)
        if source is None or target is None:
            return None
        if current != wanted and obj:
            obj = _copied(obj)
            if source.to_hub is not None:
                obj = source.to_hub(obj)
            if target.from_hub is not None:
                obj = target.from_hub(obj)
        return target.type, obj

    return convert


def _copied(obj: Object) -> Object:
    try:
        copied: Object = orjson.loads(orjson.dumps(obj))
    except TypeError:
        # a number beyond 64 bits, which an apply may bring along
        return copy.deepcopy(obj)
    return copied
