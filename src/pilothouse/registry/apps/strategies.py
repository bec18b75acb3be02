"""The rules of workloads (upstream: pkg/registry/apps)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, names
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.registry.apps import validation
from pilothouse.registry.apps.defaults import TEMPLATE_GENERATION
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_tolerances import tolerating
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.rules import Errors, non_negative
from pilothouse.registry.strategies import WithStatus, keep, label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_RULES = PodRules()
_RETAINS_ALL = (
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
)


class ControllerRevisionStrategy(Strategy):
    """What a revision holds never changes.

    upstream compares more than the JSON of the data, and finds every patch but an apply to have changed it: kept.
    """

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_controller_revision(obj)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        errors = [*non_negative(obj, "revision")]
        data = obj.get("data")
        managers = obj.get("metadata", {}).get("managedFields") or ()
        applied = any(entry.get("operation") == "Apply" for entry in managers)
        patched = ctx.request_info.verb == "patch" and not applied
        if data != old.get("data") or patched:
            errors.append(field.invalid("data", data, IMMUTABLE))
        return errors


class _Templated(WithStatus):
    """A kind with a pod template in its spec."""

    def __init__(self, rules: PodRules = _RULES) -> None:
        self._rules = rules

    def _tolerating(self, check: Callable[[PodRules], Errors], old: Object) -> list[field.Error]:
        return [*tolerating(check, self._rules, (old.get("spec") or {}).get("template") or {})]


class DeploymentStrategy(_Templated):
    """A deployment's generation also counts changes of annotations, which the controller copies."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        obj["metadata"]["generation"] = 1

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        metadata, before = obj["metadata"], old["metadata"]
        if obj.get("spec") != old.get("spec") or (metadata.get("annotations") or {}) != (
            before.get("annotations") or {}
        ):
            metadata["generation"] = (before.get("generation") or 0) + 1

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj["metadata"], old["metadata"], "labels")

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_deployment(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self._tolerating(lambda rules: validation.validate_deployment_update(obj, old, rules), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_deployment_status(obj, old)]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")


class ReplicaSetStrategy(_Templated):
    generation = True

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_replica_set(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self._tolerating(lambda rules: validation.validate_replica_set_update(obj, old, rules), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_replica_set_status(obj)]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "Pod names and hostnames")


class DaemonSetStrategy(_Templated):
    """Counts its template's generations apart, in an annotation that clients cannot set on update."""

    generation = True

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        annotations = obj["metadata"].setdefault("annotations", {})
        if _number(annotations.get(TEMPLATE_GENERATION)) < 1:
            annotations[TEMPLATE_GENERATION] = "1"

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        generation = _number((old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION))
        if (obj.get("spec") or {}).get("template") != (old.get("spec") or {}).get("template"):
            generation += 1
        obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = str(generation)

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        generation = (old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION)
        if generation is not None:
            obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = generation

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_daemon_set(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self._tolerating(lambda rules: validation.validate_daemon_set_update(obj, old, rules), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_daemon_set_status(obj, old)]


class StatefulSetStrategy(_Templated):
    generation = True
    validate_name = staticmethod(names.is_dns_label)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_stateful_set(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self._tolerating(lambda rules: validation.validate_stateful_set_update(obj, old, rules), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_stateful_set_status(obj, old)]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return [_RETAINS_ALL] if ((obj.get("spec") or {}).get("revisionHistoryLimit") or 0) < 0 else []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return self.warnings_on_create(ctx, obj)


def _number(text: str | None) -> int:
    try:
        return int(text or "0")
    except ValueError:
        return 0
