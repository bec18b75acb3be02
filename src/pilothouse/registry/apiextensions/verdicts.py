"""What was found out about schemas, by their content: judging a large one takes long, and the same comes again.

A definition is written several times with the same schema (by clients that apply it again, by every update of
something else), and `prepare` judges it on another thread before the loop asks for the verdict.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, TypeVar

import orjson

from pilothouse.apimachinery.field import Error
from pilothouse.registry.apiextensions.schema_facts import OldSchema, SchemaFacts, find_facts, look_back
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.apiextensions.schema_validation import validate_schema

#: Schemas of which is known what they are; that is little for each, and never the schema itself.
_CAPACITY: Final = 2048
#: Verdicts that hold errors, which can show large parts of a schema: they wait only for who asked for them.
_REFUSALS: Final = 8
#: Bytes of a schema that are judged in a few milliseconds.
_LARGE: Final = 8192

_T = TypeVar("_T")


class Verdicts:
    """May be asked on any thread. Schemas that are asked about are not changed while they are judged."""

    def __init__(self) -> None:
        self._known = _Memory(_CAPACITY)
        self._refusals = _Memory(_REFUSALS)

    def facts(self, schema: Mapping[str, Any]) -> SchemaFacts:
        return self._facts(_digest(schema), schema)

    def _facts(self, digest: bytes, schema: Mapping[str, Any]) -> SchemaFacts:
        return self._known.get_or((digest,), lambda: find_facts(schema))

    def look_back(self, schema: Mapping[str, Any]) -> OldSchema:
        """What is known of a stored schema."""
        digest = _digest(schema)
        facts = self._facts(digest, schema)
        return self._known.get_or((digest, "old"), lambda: look_back(schema, facts))

    def errors(self, schema: Mapping[str, Any], path: str, has_status: bool, options: SchemaOptions) -> list[Error]:
        """See `validate_schema`."""
        digest = _digest(schema)
        facts = self._facts(digest, schema)
        key = (digest, path, has_status, options)
        refused: list[Error] | None = self._refusals.get(key)
        if refused is not None:
            return refused
        if self._known.get(key):
            return []
        found = validate_schema(schema, facts, path, has_status, options)
        if found:
            self._refusals.put(key, found)
        else:
            self._known.put(key, True)
        return found

    def is_costly(self, schema: Mapping[str, Any]) -> bool:
        """Whether judging it takes so long that others should not wait for it."""
        return len(orjson.dumps(schema)) > _LARGE or self.facts(schema).has_rules


class _Memory:
    """The `capacity` things that were last asked for."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Any) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: Any, value: Any) -> None:
        with self._lock:
            self._kept[key] = value
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def get_or(self, key: Any, find_out: Callable[[], _T]) -> _T:
        known: _T | None = self.get(key)
        if known is None:
            known = find_out()
            self.put(key, known)
        return known


def _digest(schema: Mapping[str, Any]) -> bytes:
    # in the order of keys as they come: the same schema in another order is judged again
    return blake2b(orjson.dumps(schema), digest_size=20).digest()
