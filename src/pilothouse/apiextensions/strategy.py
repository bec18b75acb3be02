"""The rules of custom resources in one version (upstream: pkg/registry/customresource strategy.go, validator.go)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apiextensions import metrics
from pilothouse.apiextensions.nested import AccessError, nested_int, nested_text, split
from pilothouse.apimachinery import field, status, validation
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.meta import FINALIZER_FOREGROUND, FINALIZER_ORPHAN
from pilothouse.apimachinery.structural import listtype, objectmeta
from pilothouse.apimachinery.structural.cel_validator import OutOfBudget
from pilothouse.apimachinery.structural.correlation import comparing
from pilothouse.apimachinery.structural.values import ValueValidator
from pilothouse.registry.metachecks import UPDATE
from pilothouse.registry.rest import Heavier, Strategy
from pilothouse.registry.strategies import keep

if TYPE_CHECKING:
    from pilothouse.apiextensions.definition import Version
    from pilothouse.apiextensions.serving import Serving
    from pilothouse.apiextensions.shape import Shape
    from pilothouse.apimachinery.http import Context

Object = dict[str, Any]

_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND})
#: After these, rules are not looked at: they may count on what the schema says (upstream: hasBlockingErr).
_BLOCKING: Final = frozenset({
    field.NOT_SUPPORTED, field.REQUIRED, field.TOO_LONG, field.TOO_MANY, field.TYPE_INVALID,
})
_NOT_CHECKED: Final = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)
#: What rules may cost on the loop, in CEL's units: some milliseconds.
_SHORT: Final = 15_000
_INT32_MAX: Final = 2**31 - 1
_TERMINATING: Final = "create not allowed while custom resource definition is terminating"


class CustomResourceStrategy(Strategy):
    generation = True
    allow_unconditional_update = False
    qualified_finalizers = False
    metadata_checks = UPDATE

    def __init__(self, serving: Serving, version: Version) -> None:
        self._serving = serving
        self._version = version
        self._kind = serving.definition.names.kind
        self._api_version = serving.definition.api_version(version.name)
        self.status_fields = ("status",) if version.has_status else ()

    @cached_property
    def _shape(self) -> Shape:
        return self._serving.shape(self._version.name)

    # Writing

    async def permit(self, ctx: Context, namespace: str, obj: Object, old: Object | None) -> None:
        if not old and self._serving.instances.definition.terminating:
            resource = self._serving.resource(self._version.name).group_resource
            raise status.forbidden(resource, obj["metadata"].get("name") or "", _TERMINATING)

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        """Only the status changes, and who manages it."""
        managed = obj["metadata"].get("managedFields")
        obj["metadata"] = metadata = dict(old["metadata"])
        if managed:
            metadata["managedFields"] = managed
        else:
            metadata.pop("managedFields", None)
        keep(obj, old, "apiVersion", "kind")

    # Validation

    @cached_property
    def _values(self) -> ValueValidator | None:
        return None if self._shape.schema is None else ValueValidator(self._shape.schema)

    @cached_property
    def _status_values(self) -> ValueValidator | None:
        of_status = ((self._shape.schema or {}).get("properties") or {}).get("status")
        return None if of_status is None else ValueValidator(of_status)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        errors = self._type_errors(obj)
        if not errors:
            if self._values is not None:
                errors += self._values.validate(obj)
            errors += self._scale_errors(obj)
        structural = self._shape.structural
        if structural is not None:
            errors += objectmeta.validate(obj, structural)
            errors += listtype.validate_lists(obj, structural)
        return self._with_rules(ctx, errors, obj, None)

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return _timed(lambda: self._update_errors(ctx, obj, old))

    def _update_errors(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        errors = self._type_errors(obj)
        if not errors:
            if self._values is not None:
                errors += self._values.validate_update(obj, old)
            errors += self._scale_errors(obj)
        structural = self._shape.structural
        if structural is not None:
            errors += objectmeta.validate(obj, structural)
            errors += self._list_errors(obj, old)
        return self._with_rules(ctx, errors, obj, old)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return _timed(lambda: self._status_update_errors(ctx, obj, old))

    def _status_update_errors(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        errors = self._type_errors(obj)
        if not errors:
            if self._status_values is not None and "status" in obj:
                errors += self._status_values.validate_update(obj["status"], old.get("status"), "status")
            errors += self._scale_status_errors(obj)
        errors += self._list_errors(obj, old)
        return self._with_rules(ctx, errors, obj, old)

    def _type_errors(self, obj: Object) -> list[field.Error]:
        errors = []
        for name, wanted in (("kind", self._kind), ("apiVersion", self._api_version)):
            if obj.get(name) != wanted:
                errors.append(field.invalid(name, obj.get(name) or "", f"must be {wanted}"))
        return errors

    def _list_errors(self, obj: Object, old: Object) -> list[field.Error]:
        """Nothing for an object whose lists were wrong already."""
        structural = self._shape.structural
        if structural is None:
            return []
        errors = listtype.validate_lists(obj, structural)
        return [] if errors and listtype.validate_lists(old, structural) else errors

    def _with_rules(
        self, ctx: Context, errors: list[field.Error], obj: Object, old: Object | None
    ) -> list[field.Error]:
        errors = self._with_rule_errors(ctx, errors, obj, old)
        kind = obj.get("kind")
        if kind != self._kind:
            # upstream's error is about what the object says it is
            group, _, _ = self._api_version.rpartition("/")
            raise status.invalid(GroupKind(group, str(kind)), obj["metadata"].get("name") or "", errors)
        return errors

    def _with_rule_errors(
        self, ctx: Context, errors: list[field.Error], obj: Object, old: Object | None
    ) -> list[field.Error]:
        rules = self._shape.rules
        if rules is None:
            return errors
        if any(error.reason in _BLOCKING for error in errors):
            return [*errors, field.invalid("<nil>", None, _NOT_CHECKED)]
        warnings: list[str] = []
        try:
            errors = [*errors, *rules.validate(obj, old, warnings, short=0 if ctx.heavy else _SHORT)]
        except OutOfBudget:
            raise Heavier from None
        for text in warnings:
            ctx.warn(text)
        return errors

    def _scale_errors(self, obj: Object) -> list[field.Error]:
        scale = self._version.scale
        return [] if scale is None else [*_replica_errors(obj, scale.spec), *self._scale_status_errors(obj)]

    def _scale_status_errors(self, obj: Object) -> list[field.Error]:
        scale = self._version.scale
        if scale is None:
            return []
        errors = _replica_errors(obj, scale.status)
        if scale.selector:
            try:
                nested_text(obj, split(scale.selector))
            except AccessError as e:
                errors.append(field.invalid(scale.selector, "", str(e)))
        return errors

    # Warnings

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return _finalizer_warnings(obj["metadata"].get("finalizers") or (), ())

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return _finalizer_warnings(obj["metadata"].get("finalizers") or (), old["metadata"].get("finalizers") or ())


def _timed(find: Callable[[], list[field.Error]]) -> list[field.Error]:
    """The errors of an update; how long it took to see what had changed is noted."""
    before = comparing.seconds
    errors = find()
    metrics.ratcheted(comparing.seconds - before)
    return errors


def _replica_errors(obj: Object, path: str) -> list[field.Error]:
    try:
        replicas, _ = nested_int(obj, split(path))
    except AccessError as e:
        return [field.invalid(path, 0, str(e))]
    if replicas < 0:
        return [field.invalid(path, replicas, "should be a non-negative integer")]
    if replicas > _INT32_MAX:
        return [field.invalid(path, replicas, f"should be less than or equal to {_INT32_MAX}")]
    return []


def _finalizer_warnings(new: Any, old: Any) -> list[str]:
    warnings = []
    for name in sorted(set(new) - set(old)):
        where = f"metadata.finalizers: {field.go_quote(name)}: "
        warnings += [where + text for text in validation.is_qualified_name(name)]
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            path = " including a path (/)" if "." in name else ""
            warnings.append(
                f"{where}prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other "
                "finalizer writers"
            )
    return warnings
