"""How strictly a definition's schemas are judged (upstream: apiextensions-apiserver pkg/apis/apiextensions/validation,
validationOptions)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pilothouse.registry.apiextensions.schema_facts import SchemaFacts


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """On create everything is required; an update requires nothing that the old definition did not have.

    `known_rules` and `known_messages` are expressions of the old definition: they compile as stored ones.
    `limit_costs` is off for a schema that has not changed.
    """

    require_types: bool = True
    require_structural: bool = True
    require_pruned_defaults: bool = True
    require_atomic_sets: bool = True
    require_list_items: bool = True
    limit_costs: bool = True
    known_rules: frozenset[str] = frozenset()
    known_messages: frozenset[str] = frozenset()


def options_for_update(old: Iterable[SchemaFacts]) -> SchemaOptions:
    """What may be asked of the successors of `old` schemas."""
    schemas = list(old)

    def none(fact: Callable[[SchemaFacts], bool]) -> bool:
        return not any(fact(schema) for schema in schemas)

    return SchemaOptions(
        require_types=none(lambda s: s.has_invalid_types),
        require_structural=none(lambda s: not s.is_structural),
        require_pruned_defaults=none(lambda s: s.has_unpruned_defaults),
        require_atomic_sets=none(lambda s: s.has_non_atomic_sets),
        require_list_items=none(lambda s: s.has_invalid_list_items),
        known_rules=frozenset().union(*(s.rules for s in schemas)),
        known_messages=frozenset().union(*(s.message_expressions for s in schemas)),
    )
