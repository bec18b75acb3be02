"""What is common to all kinds when an object is created or updated (upstream: registry/rest/create.go, update.go).

Pure functions over dicts in the order in which kube-apiserver does things; `store.Store` calls them.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import field, meta, metavalidation, status
from pilothouse.apimachinery.equality import same
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.meta import Times, new_uid
from pilothouse.apimachinery.names import NameValidator, is_path_segment
from pilothouse.registry import metrics
from pilothouse.registry.metachecks import repeated, wants_qualified_finalizers

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.rest import Object, Resource, Strategy

NAMESPACE_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"
_SYSTEM_KEYS = frozenset({"creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"})


def wipe_system_fields(metadata: dict[str, Any]) -> None:
    """Drop what only the server sets. Handlers do this before field management and admission of a create."""
    if not _SYSTEM_KEYS.isdisjoint(metadata):
        for k in _SYSTEM_KEYS:
            metadata.pop(k, None)


def fill_system_fields(metadata: dict[str, Any], times: Times) -> None:
    metadata["creationTimestamp"] = times.now()
    metadata["uid"] = new_uid()


def ensure_namespace(metadata: dict[str, Any], namespace: str) -> None:
    """Give the object the request's namespace ("" for cluster-scoped kinds). Raises 400 if it names another."""
    have = metadata.get("namespace") or ""
    if have == namespace:
        return
    if have and namespace:
        raise status.bad_request(NAMESPACE_MISMATCH)
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)


def reset_status(strategy: "Strategy", obj: "Object", zero: Mapping[str, bytes]) -> None:
    """A new object has the status fields' zero values, whatever the client sent."""
    for name in strategy.status_fields:
        if name in zero:
            obj[name] = orjson.loads(zero[name])
        else:
            obj.pop(name, None)


def before_create(
    resource: "Resource", strategy: "Strategy", ctx: "Context", obj: "Object", namespace: str, zero: Mapping[str, bytes]
) -> None:
    """Everything up to validating admission. Raises 400 and 422."""
    metadata = obj["metadata"]
    ensure_namespace(metadata, namespace if resource.namespaced else "")
    if strategy.generation:
        metadata["generation"] = 1
    if not strategy.creates_with_status:
        reset_status(strategy, obj, zero)
    strategy.prepare_for_create(ctx, obj)
    errors = metavalidation.validate(metadata, resource.namespaced, strategy.name_validator(obj))
    errors.extend(_unqualified_finalizers(strategy, resource.group_resource, metadata))
    found = strategy.validate(ctx, obj)
    if errors and found and not repeated(resource.group_resource, of_status=False):
        errors.clear()  # upstream looks at the metadata of these kinds last, and only if all else is well
    errors.extend(found)
    if errors:
        raise status.invalid(resource.group_kind, metadata.get("name") or "", errors)
    for text in strategy.warnings_on_create(ctx, obj):
        ctx.warn(text)
    strategy.canonicalize(obj)


def before_update(
    resource: "Resource", strategy: "Strategy", ctx: "Context", obj: "Object", old: "Object", namespace: str,
    subresource: str, named: GroupResource,
) -> None:
    """Everything up to validating admission; changes `obj` in place. Raises 400 and 422.

    `named` is the resource as the request names it, which for events can be of another group.
    """
    metadata, old_metadata = obj["metadata"], old["metadata"]
    ensure_namespace(metadata, namespace if resource.namespaced else "")
    _copy(metadata, old_metadata, "generation")
    strategy = strategy.subresource_strategies.get(subresource, strategy)
    of_status = subresource == "status"
    if of_status:
        _take_all_but_status(strategy, obj, old)
        strategy.prepare_for_status_update(ctx, obj, old)
    else:
        for name in strategy.status_fields:
            _copy(obj, old, name)
        strategy.prepare_for_update(ctx, obj, old)
        if strategy.generation and _desired_state_changed(strategy, obj, old):
            metadata["generation"] = (old_metadata.get("generation") or 0) + 1
    metadata = obj["metadata"]  # which a strategy may have replaced
    _keep_system_fields(metadata, old_metadata)
    checks = strategy.metadata_checks
    if checks is None:
        checks = repeated(named, of_status=of_status)
    errors = _validate_metadata(
        resource, strategy, metadata, old_metadata, named, checks, strategy.name_validator(obj)
    )
    validate = strategy.validate_status_update if of_status else strategy.validate_update
    errors.extend(validate(ctx, obj, old))
    if errors:
        raise status.invalid(resource.group_kind, metadata.get("name") or "", errors)
    warnings = strategy.warnings_on_status_update if of_status else strategy.warnings_on_update
    for text in warnings(ctx, obj, old):
        ctx.warn(text)
    strategy.canonicalize(obj)


async def authorize(
    resource: "Resource", strategy: "Strategy", ctx: "Context", obj: "Object", old: "Object | None", subresource: str
) -> None:
    """What validation cannot tell without asking an authorizer. Raises 422."""
    if errors := await strategy.authorize_values(ctx, obj, old, subresource):
        raise status.invalid(resource.group_kind, obj["metadata"].get("name") or "", errors)


def _copy(new: dict[str, Any], old: Mapping[str, Any], name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _take_all_but_status(strategy: "Strategy", obj: "Object", old: "Object") -> None:
    own = {name: obj[name] for name in ("metadata", *strategy.status_fields) if name in obj}
    kept = {k: v for k, v in old.items() if k not in strategy.status_fields}
    obj.clear()
    obj.update(kept)
    obj.update(own)


def _desired_state_changed(strategy: "Strategy", obj: "Object", old: "Object") -> bool:
    apart = ("metadata", "kind", "apiVersion", *strategy.status_fields)
    return not all(same(obj.get(k), old.get(k)) for k in (obj.keys() | old.keys()).difference(apart))


def _keep_system_fields(metadata: dict[str, Any], old: Mapping[str, Any]) -> None:
    """An update cannot change when an object was made or is to go; what it does not say stays."""
    if not metadata.get("uid"):
        metadata["uid"] = old.get("uid", "")
    if "creationTimestamp" in old:
        metadata["creationTimestamp"] = old["creationTimestamp"]
    if old.get("deletionTimestamp") is not None:
        metadata["deletionTimestamp"] = old["deletionTimestamp"]
    if metadata.get("deletionGracePeriodSeconds") is None and old.get("deletionGracePeriodSeconds") is not None:
        metadata["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]


def _validate_metadata(
    resource: "Resource", strategy: "Strategy", new: Mapping[str, Any], old: Mapping[str, Any],
    named: GroupResource, checks: Sequence[str], validate_name: NameValidator,
) -> list[field.Error]:
    errors = metavalidation.validate(new, resource.namespaced, is_path_segment)
    errors.extend(metavalidation.validate_update(new, old))
    unqualified = _unqualified_finalizers(strategy, named, new)
    if errors or unqualified or ("create" in checks and _has_bad_name(strategy, validate_name, new)):
        # the kind's own validation finds the same again, and upstream reports each finding as a cause
        for check in checks:
            if check == "update":
                errors.extend(metavalidation.validate_update(new, old))
            else:
                errors.extend(metavalidation.validate(new, resource.namespaced, validate_name))
            errors.extend(unqualified)
    return errors


def _has_bad_name(strategy: "Strategy", validate_name: NameValidator, metadata: Mapping[str, Any]) -> bool:
    """Names stay, but an update may bring another generateName, which the machine checks less closely."""
    prefix, name = metadata.get("generateName") or "", metadata.get("name") or ""
    return bool(prefix and validate_name(prefix, True)) or bool(
        strategy.names_follow_spec and validate_name(name, False)
    )


def _unqualified_finalizers(
    strategy: "Strategy", resource: GroupResource, metadata: Mapping[str, Any]
) -> list[field.Error]:
    finalizers = metadata.get("finalizers")
    if not finalizers or not strategy.qualified_finalizers or not wants_qualified_finalizers(resource):
        return []
    return metavalidation.validate_qualified_finalizers(finalizers, "metadata.finalizers")


def keep_field_times(obj: "Object", old: "Object") -> None:
    """A write that changes nothing but managedFields' times keeps the old times (so it changes nothing at all)."""
    began = perf_counter()
    metrics.compared(_keep_field_times(obj, old), perf_counter() - began)


def _keep_field_times(obj: "Object", old: "Object") -> str:
    """How far the objects had to be compared."""
    new_fields = obj["metadata"].get("managedFields")
    old_fields = old["metadata"].get("managedFields")
    if not new_fields or not old_fields or len(new_fields) != len(old_fields) or new_fields == old_fields:
        return metrics.UNEQUAL_FAST
    if any(_without_time(a) != _without_time(b) for a, b in zip(new_fields, old_fields, strict=True)):
        return metrics.UNEQUAL_FAST
    obj["metadata"]["managedFields"] = old_fields
    if same(obj, old):
        return metrics.EQUAL
    obj["metadata"]["managedFields"] = new_fields
    return metrics.UNEQUAL_SLOW


def _without_time(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if k != "time"}


def with_ordered_metadata(obj: "Object") -> "Object":
    return {**obj, "metadata": meta.ordered(obj["metadata"])}


def refuse_resource_version(metadata: Mapping[str, Any]) -> None:
    """A create names no version; what is no number counts as none (upstream: etcd3/store.go, Create)."""
    try:
        version = meta.parse_resource_version(metadata.get("resourceVersion") or "")
    except ValueError:
        return
    if version:
        raise status.plain_internal("resourceVersion should not be set on objects to be created")
