"""The schema of one version at work: what is done to an object of it before anything else looks at it (upstream:
unstructuredSchemaCoercer and unstructuredDefaulter of apiextensions-apiserver pkg/apiserver/customresource_handler.go).

All changes are made in place, on objects with kind and apiVersion.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.schema.decode import DecodeError
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.structural import defaulting, objectmeta, pruning
from pilothouse.apimachinery.structural.model import Structural, StructuralError, new_structural
from pilothouse.apimachinery.structural.types import resource_type
from pilothouse.apimachinery.structural.weight import most_checks

if TYPE_CHECKING:
    from pilothouse.apimachinery.gvk import GroupVersionKind

Object = dict[str, Any]


class Rules(Protocol):
    """`warnings` receives what is wrong with parts that an update does not change. `short` is a budget for what must
    not take long: raises OutOfBudget when it is not enough."""

    def validate(
        self, obj: Object, old: Object | None, warnings: list[str], *, short: int = 0
    ) -> list[field.Error]: ...


class Shape:
    """`spec` is the version's entry of a definition. Compiled piece by piece, when something is needed."""

    def __init__(self, gvk: GroupVersionKind, spec: Mapping[str, Any], *, preserve_unknown: bool = False) -> None:
        self._gvk = gvk
        self.schema: Mapping[str, Any] | None = (spec.get("schema") or {}).get("openAPIV3Schema")
        self._preserve_unknown = preserve_unknown

    @cached_property
    def structural(self) -> Structural | None:
        """None for a version without a schema. Raises 500 for one that should never have been stored."""
        if self.schema is None:
            return None
        try:
            structural = new_structural(self.schema)
            if not self._preserve_unknown:
                defaulting.prune_defaults(structural)
        except StructuralError:
            raise status.internal_error("error resolving resource") from None
        return structural

    @cached_property
    def type(self) -> Type:
        """What field managers read."""
        return resource_type(self.structural, self._gvk)

    @cached_property
    def rules(self) -> Rules | None:
        """What checks x-kubernetes-validations; None where there are none."""
        structural = self.structural
        if structural is None or self.schema is None or not any(node.validations for _, node in structural.walk()):
            return None
        from pilothouse.apimachinery.structural.cel_validator import object_rules

        return object_rules(structural, self.schema)

    @cached_property
    def most_added(self) -> int:
        """How many values defaulting adds at most for each object, and each null, that a client sends."""
        structural = self.structural
        return 0 if structural is None or self._preserve_unknown else defaulting.most_added(structural)

    @cached_property
    def most_checks(self) -> int:
        """How many schemas each value is held against at most."""
        return 1 if self.schema is None else most_checks(self.schema)

    def prepare(self) -> None:
        """Make what takes time."""
        _ = self.type, self.rules, self.most_added, self.most_checks
        # what is compiled for the first objects
        self.restore({"metadata": {}})

    def coerce(self, obj: Object, unknown: list[str] | None = None) -> None:
        """Metadata in Go's form, nothing that the schema does not know. `unknown` receives `unknown field "spec.a"` for
        what is dropped. Raises DecodeError for metadata that cannot be read."""
        found: list[str] | None = None if unknown is None else []
        metadata = objectmeta.get_object_meta(obj, unknown=found)
        self._prune(obj, found)
        if metadata is not None:
            obj["metadata"] = metadata
        if unknown is not None and found:
            unknown += [f'unknown field "{path}"' for path in found]

    def restore(self, obj: Object) -> None:
        """The same for what was stored, with defaults: whatever does not fit any more is dropped, and nothing fails."""
        try:
            metadata = objectmeta.get_object_meta(obj, drop_malformed=True) or {}
        except DecodeError:
            metadata = {}
        self._prune(obj, None, drop_invalid=True)
        if not metadata.get("generation"):
            metadata["generation"] = 1
        obj["metadata"] = metadata
        self._default(obj)

    def prune(self, obj: Object) -> None:
        """Drops what the schema does not know, metadata aside."""
        if not self._preserve_unknown:
            pruning.prune(obj, self.structural)

    def default(self, obj: Object) -> None:
        """Raises 413 for what defaults would make very large."""
        if not self._default(obj):
            raise status.request_entity_too_large("the defaults of the resource's schema exceed the limit")

    def _default(self, obj: Object) -> bool:
        if self.structural is None or self._preserve_unknown:
            return True
        return defaulting.default(obj, self.structural)

    def _prune(self, obj: Object, unknown: list[str] | None, *, drop_invalid: bool = False) -> None:
        structural = self.structural
        if not self._preserve_unknown:
            dropped = pruning.prune(obj, structural)
            if unknown is not None and dropped:
                unknown += pruning.paths(dropped)
            if structural is not None:
                defaulting.prune_nulls(obj, structural)
        if structural is None:
            return
        try:
            objectmeta.coerce(obj, structural, drop_invalid=drop_invalid, unknown=unknown)
        except objectmeta.CoerceError as e:
            raise DecodeError(str(e)) from None
