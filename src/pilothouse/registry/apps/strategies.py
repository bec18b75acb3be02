"""The rules of workloads (upstream: pkg/registry/apps)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, names
from pilothouse.apimachinery.equality import same
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.numbers import whole
from pilothouse.registry.apps import validation
from pilothouse.registry.apps.defaults import TEMPLATE_GENERATION
from pilothouse.registry.core.templated import Templated
from pilothouse.registry.core.volume_claim_validation import claim_spec_warnings
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.rules import non_negative
from pilothouse.registry.strategies import Desired, WithStatus, keep

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

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
        if patched or not same(data, old.get("data")):
            errors.append(field.invalid("data", data, IMMUTABLE))
        return errors


class DeploymentStrategy(Templated, WithStatus):
    """A deployment's generation also counts changes of annotations, which the controller copies."""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        super().prepare_for_create(ctx, obj)
        obj["metadata"]["generation"] = 1

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_update(ctx, obj, old)
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
        return self.tolerating(partial(validation.validate_deployment_update, obj, old), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_deployment_status(obj, old)]


class ReplicaSetStrategy(Templated, Desired):
    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_replica_set(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self.tolerating(partial(validation.validate_replica_set_update, obj, old), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_replica_set_status(obj)]


class DaemonSetStrategy(Templated, Desired):
    """Counts its template's generations apart, in an annotation that clients cannot set on update."""

    name_used_in = ""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        super().prepare_for_create(ctx, obj)
        annotations = obj["metadata"].setdefault("annotations", {})
        if _number(annotations.get(TEMPLATE_GENERATION)) < 1:
            annotations[TEMPLATE_GENERATION] = "1"

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_update(ctx, obj, old)
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
        return self.tolerating(partial(validation.validate_daemon_set_update, obj, old), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_daemon_set_status(obj, old)]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        same = self.template(obj) == self.template(old)
        return [] if same else self.template_warnings(obj)


class StatefulSetStrategy(Templated, Desired):
    validate_name = staticmethod(names.is_dns_label)
    name_used_in = ""

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        super().prepare_for_create(ctx, obj)
        _drop_max_unavailable(obj)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        super().prepare_for_update(ctx, obj, old)
        _drop_max_unavailable(obj)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validation.validate_stateful_set(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return self.tolerating(partial(validation.validate_stateful_set_update, obj, old), old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*validation.validate_stateful_set_status(obj, old)]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return [*super().warnings_on_create(ctx, obj), *_claim_warnings(obj, ""), *_history_warnings(obj)]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        # upstream writes the path with "Spec" here: kept
        warnings = super().warnings_on_update(ctx, obj, old)
        return [*warnings, *_claim_warnings(obj, ".Spec"), *_history_warnings(obj)]


def _drop_max_unavailable(obj: Object) -> None:
    """The gate MaxUnavailableStatefulSet is off."""
    rolling = ((obj.get("spec") or {}).get("updateStrategy") or {}).get("rollingUpdate")
    if rolling:
        rolling.pop("maxUnavailable", None)


def _claim_warnings(obj: Object, child: str) -> list[str]:
    return [
        text
        for i, claim in enumerate((obj.get("spec") or {}).get("volumeClaimTemplates") or ())
        for text in claim_spec_warnings(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{i}]{child}")
    ]


def _history_warnings(obj: Object) -> list[str]:
    return [_RETAINS_ALL] if ((obj.get("spec") or {}).get("revisionHistoryLimit") or 0) < 0 else []


def _number(text: str | None) -> int:
    try:
        return whole(text or "0")
    except ValueError:
        return 0
