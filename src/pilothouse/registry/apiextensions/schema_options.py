"""How strictly a definition's schemas are judged (upstream: apiextensions-apiserver pkg/apis/apiextensions/validation,
validationOptions)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilothouse.registry.apiextensions.schema_facts import OldSchema


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """On create everything is required; an update requires nothing that the old definition did not have.

    `limit_costs` is off for a schema that has not changed. (Upstream also compiles expressions that the old definition
    had with the libraries of stored ones, which are the same: see `cel.kubernetes`.)
    """

    require_types: bool = True
    require_structural: bool = True
    require_pruned_defaults: bool = True
    require_atomic_sets: bool = True
    require_list_items: bool = True
    limit_costs: bool = True


def options_for_update(old: Iterable[OldSchema]) -> SchemaOptions:
    """What may be asked of the successors of `old` schemas."""
    schemas = list(old)
    facts = [schema.facts for schema in schemas]
    return SchemaOptions(
        require_types=not any(f.has_invalid_types for f in facts),
        require_structural=all(schema.is_structural for schema in schemas),
        require_pruned_defaults=not any(schema.has_unpruned_defaults for schema in schemas),
        require_atomic_sets=not any(f.has_non_atomic_sets for f in facts),
        require_list_items=not any(f.has_invalid_list_items for f in facts),
    )
