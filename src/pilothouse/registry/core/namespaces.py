"""The rules of namespaces (upstream: pkg/registry/core/namespace)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, names
from pilothouse.apimachinery.validation import is_label_key
from pilothouse.registry.core.defaults import METADATA_NAME_LABEL
from pilothouse.registry.metachecks import UPDATE
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.strategies import keep

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

FINALIZER = "kubernetes"
_STANDARD_FINALIZERS = (FINALIZER, "orphan", "foregroundDeletion")


def selectable(namespace: Mapping[str, Any]) -> dict[str, str]:
    # upstream also indexes "name", which no client can select by (strategy.go, NamespaceToSelectableFields)
    return {"status.phase": (namespace.get("status") or {}).get("phase") or ""}


class FinalizeStrategy(Strategy):
    """namespaces/finalize writes the finalizers of the spec, which nothing else can."""

    metadata_checks = UPDATE

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj, old, "status")

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [
            error for i, name in enumerate((obj.get("spec") or {}).get("finalizers") or ())
            for error in _finalizer_errors(name, f"spec.finalizers[{i}]")
        ]


def _finalizer_errors(name: str, where: str) -> list[field.Error]:
    errors = [field.invalid(where, name, text) for text in is_label_key(name)]
    if "/" not in name and name not in _STANDARD_FINALIZERS:
        text = "name is neither a standard finalizer name nor is it fully qualified"
        errors.append(field.invalid(where, name, text))
    return errors


class NamespaceStrategy(Strategy):
    validate_name = staticmethod(names.is_dns_label)
    status_fields = ("status",)
    terminates = True
    subresource_strategies = {"finalize": FinalizeStrategy()}  # noqa: RUF012 (a constant of the class)

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["status"] = {"phase": "Active"}
        finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        # upstream does not say here which of them is wrong
        finalizers = (obj.get("spec") or {}).get("finalizers") or ()
        return [error for name in finalizers for error in _finalizer_errors(name, "spec.finalizers")]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self.validate(ctx, obj)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj.setdefault("spec", {}), old.get("spec") or {}, "finalizers")

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        phase = (obj.get("status") or {}).get("phase") or ""
        if obj["metadata"].get("deletionTimestamp") is None:
            wanted, when = "Active", "is empty"
        else:
            wanted, when = "Terminating", "is not empty"
        if phase == wanted:
            return []
        return [field.invalid("status.Phase", phase, f"may only be '{wanted}' if `deletionTimestamp` {when}")]

    def canonicalize(self, obj: Object) -> None:
        labels = obj["metadata"].setdefault("labels", {})
        labels[METADATA_NAME_LABEL] = obj["metadata"]["name"]

    def start_termination(self, ctx: Context, obj: Object) -> None:
        obj.setdefault("status", {})["phase"] = "Terminating"

    def emptied(self, obj: Object) -> bool:
        return not (obj.get("spec") or {}).get("finalizers")
