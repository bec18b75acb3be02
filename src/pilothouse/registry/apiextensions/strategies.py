"""The rules of CustomResourceDefinitions (upstream: apiextensions-apiserver pkg/registry/customresourcedefinition)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, meta
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.names import NameValidator, is_dns_subdomain
from pilothouse.registry.rest import Heavier, Object
from pilothouse.registry.strategies import WithStatus

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.apiextensions.validation import DefinitionValidation

_LONG_BUNDLE = 32 * 1024
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


class CustomResourceDefinitionStrategy(WithStatus):
    """`clock` gives Unix seconds."""

    generation = True
    allow_unconditional_update = False
    terminates = True

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    @cached_property
    def _rules(self) -> DefinitionValidation:
        """Made for the first definition: schemas and CEL are a fifth of all that there is to import."""
        from pilothouse.registry.apiextensions.validation import DefinitionValidation

        return DefinitionValidation()

    def name_validator(self, obj: Object) -> NameValidator:
        spec = obj.get("spec") or {}
        wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
        text = 'must be spec.names.plural+"."+spec.group'
        return lambda name, prefix: [*is_dns_subdomain(name, prefix), *([text] if name != wanted else ())]

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        _add_stored_version(obj)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        _add_stored_version(obj)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        _look_aside(ctx, obj)
        return list(self._rules.create(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        _look_aside(ctx, obj, old)
        return list(self._rules.update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(self._rules.status(obj))

    async def permit(self, ctx: Context, namespace: str, obj: Object, old: Object | None) -> None:
        """Everybody is; but what is long to judge is judged on a thread here, before the loop asks for it."""
        await self._rules.prepare(obj, old)

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return [f"unrecognized format {go_quote(name)}" for name in self._rules.unrecognized_formats(obj)]

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        known = set(self._rules.unrecognized_formats(old))
        new = self._rules.unrecognized_formats(obj)
        return [f"unrecognized format {go_quote(name)}" for name in new if name not in known]

    def start_termination(self, ctx: Context, obj: Object) -> None:
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)
        status = obj.setdefault("status", {})
        conditions = status["conditions"] = status.get("conditions") or []
        terminating = {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": meta.format_time(self._clock()),
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        }
        for i, condition in enumerate(conditions):
            if condition.get("type") == "Terminating":
                conditions[i] = terminating
                return
        conditions.append(terminating)


def _look_aside(ctx: Context, *definitions: Object) -> None:
    """Raises Heavier for bundles of very many certificates."""
    for obj in definitions:
        webhook = ((obj.get("spec") or {}).get("conversion") or {}).get("webhook") or {}
        if not ctx.heavy and len((webhook.get("clientConfig") or {}).get("caBundle") or "") > _LONG_BUNDLE:
            raise Heavier


def _add_stored_version(obj: Object) -> None:
    """The storage version is one that objects may be stored in from now on."""
    status = obj["status"] = dict(obj.get("status") or {})
    stored = list(status.get("storedVersions") or ())
    for version in (obj.get("spec") or {}).get("versions") or ():
        if version.get("storage"):
            if version["name"] not in stored:
                stored.append(version["name"])
            break
    status["storedVersions"] = stored
