"""The rules of replication controllers and pod templates (upstream: pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import names
from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_tolerances import tolerating
from pilothouse.registry.core.template_validation import (
    validate_pod_template,
    validate_replication_controller,
    validate_replication_controller_status,
)
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import Desired, WithGeneration, label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_RULES = PodRules()


def replicas(controller: Mapping[str, Any]) -> dict[str, str]:
    """The selectable field of ReplicationControllers and ReplicaSets."""
    return {"status.replicas": str((controller.get("status") or {}).get("replicas") or 0)}


class _Templated:
    """`rules` are those of the pods that templates describe."""

    def __init__(self, rules: PodRules = _RULES) -> None:
        self._rules = rules


class PodTemplateStrategy(_Templated, WithGeneration):
    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_pod_template(obj, self._rules))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        check = partial(validate_pod_template, obj)
        return list(tolerating(check, self._rules, old.get("template") or {}))


class ReplicationControllerStrategy(_Templated, Desired):
    default_garbage_collection_policy = "orphan"
    validate_name = staticmethod(names.is_long_name)

    def validate(self, ctx: Context, obj: Object) -> list[Error]:
        return list(validate_replication_controller(obj, self._rules))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        check = partial(validate_replication_controller, obj)
        return list(tolerating(check, self._rules, (old.get("spec") or {}).get("template") or {}))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[Error]:
        return list(validate_replication_controller_status(obj))

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")
