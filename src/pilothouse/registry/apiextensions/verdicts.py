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
from pilothouse.registry.apiextensions.schema_facts import SchemaFacts
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.apiextensions.schema_validation import validate_schema

#: Verdicts kept; what is kept of a schema is small (its errors, some facts), but for the schema itself.
_CAPACITY: Final = 512
#: Bytes of a schema that are judged in a few milliseconds.
_LARGE: Final = 8192

_T = TypeVar("_T")


class Verdicts:
    """May be asked on any thread. Schemas that are asked about are not changed while they are judged."""

    def __init__(self) -> None:
        self._known: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    def facts(self, schema: Mapping[str, Any]) -> SchemaFacts:
        return self._get((_digest(schema),), lambda: SchemaFacts(schema))

    def errors(
        self, schema: Mapping[str, Any], path: str, has_status: bool, options: SchemaOptions
    ) -> list[Error]:
        """See `validate_schema`."""
        digest = _digest(schema)
        facts = self._get((digest,), lambda: SchemaFacts(schema))
        key = (digest, path, has_status, options)
        return self._get(key, lambda: validate_schema(schema, facts, path, has_status, options))

    def is_costly(self, schema: Mapping[str, Any]) -> bool:
        """Whether judging it takes so long that others should not wait for it."""
        return len(orjson.dumps(schema)) > _LARGE or self.facts(schema).has_rules

    def _get(self, key: Any, find_out: Callable[[], _T]) -> _T:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                known: _T = self._known[key]
                return known
        found = find_out()
        with self._lock:
            self._known[key] = found
            if len(self._known) > _CAPACITY:
                self._known.popitem(last=False)
        return found


def _digest(schema: Mapping[str, Any]) -> bytes:
    # in the order of keys as they come: the same schema in another order is judged again
    return blake2b(orjson.dumps(schema), digest_size=20).digest()
