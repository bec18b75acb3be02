"""Deciding what a delete request does to an object (upstream: registry/rest/delete.go, generic/registry/store.go).

A deletion either removes the object at once, or marks it (deletionTimestamp) and leaves it to those who
hold it: finalizers, a grace period, or contents of its own (namespaces).
"""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import meta, status
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.meta import FINALIZER_FOREGROUND, FINALIZER_ORPHAN, Times

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.rest import DeleteOptions, Object, Resource, Strategy

_GC_FINALIZERS = (FINALIZER_ORPHAN, FINALIZER_FOREGROUND)


class Step(Enum):
    """NOTHING: the deletion under way goes on. REMOVE: now. MARK: write the changed object and keep it.
    MARK_AND_REMOVE: write it, then remove it (a graceful kind asked to go at once)."""

    NOTHING = "nothing"
    REMOVE = "remove"
    MARK = "mark"
    MARK_AND_REMOVE = "mark and remove"


def decide(
    resource: "Resource", strategy: "Strategy", ctx: "Context", obj: "Object", options: "DeleteOptions", times: Times
) -> Step:
    """Changes `obj` into what is to be stored when the step marks it. Raises 409 for failed preconditions."""
    metadata = obj["metadata"]
    if strategy.terminates:
        _check_terminating_preconditions(resource, metadata, options)
        if metadata.get("deletionTimestamp") is None:
            metadata["deletionTimestamp"] = times.now()
            strategy.start_termination(ctx, obj)
            _set_gc_finalizers(strategy, metadata, options)
            return Step.MARK
        if not strategy.emptied(obj):
            return Step.NOTHING
    _check_preconditions(resource, metadata, options)
    if options.grace_period_seconds is not None and options.grace_period_seconds < 0:
        options = replace(options, grace_period_seconds=1)
    if not strategy.graceful:
        step = Step.REMOVE
    elif metadata.get("deletionTimestamp") is not None:
        step = _shorten(metadata, options.grace_period_seconds, times)
    else:
        step = _begin_graceful(strategy, ctx, obj, options, times)
    if step is Step.NOTHING:
        return step
    _set_gc_finalizers(strategy, metadata, options)
    if not metadata.get("finalizers"):
        return step
    if step is Step.REMOVE:
        _mark(metadata, times)
    return Step.MARK


def _check_preconditions(resource: "Resource", metadata: "Object", options: "DeleteOptions") -> None:
    # upstream names the kind where a resource belongs (delete.go, BeforeDelete): kept
    named = GroupResource(resource.group, resource.kind)
    name = metadata.get("name", "")
    if options.uid is not None and options.uid != metadata.get("uid", ""):
        raise status.conflict(
            named, name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({metadata.get('uid', '')}). The object might have been deleted and then recreated",
        )
    if options.resource_version is not None and options.resource_version != metadata.get("resourceVersion", ""):
        raise status.conflict(
            named, name,
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata.get('resourceVersion', '')}). The object might have been modified",
        )


def _check_terminating_preconditions(resource: "Resource", metadata: "Object", options: "DeleteOptions") -> None:
    """Namespaces and CRDs word it as the storage does (upstream: core/namespace/storage/storage.go)."""
    for what, wanted, have in (
        ("UID", options.uid, metadata.get("uid", "")),
        ("ResourceVersion", options.resource_version, metadata.get("resourceVersion", "")),
    ):
        if wanted is not None and wanted != have:
            raise status.conflict(
                resource.group_resource, metadata.get("name", ""),
                f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {have}",
            )


def _begin_graceful(
    strategy: "Strategy", ctx: "Context", obj: "Object", options: "DeleteOptions", times: Times
) -> Step:
    grace = strategy.check_graceful_delete(ctx, obj, options)
    if grace is None:
        return Step.REMOVE
    metadata = obj["metadata"]
    metadata["deletionTimestamp"] = times.after(grace)
    metadata["deletionGracePeriodSeconds"] = grace
    _bump_generation(metadata)
    return Step.MARK if grace > 0 else Step.MARK_AND_REMOVE


def _shorten(metadata: dict[str, Any], grace: int | None, times: Times) -> Step:
    """A graceful deletion under way can only be made shorter."""
    period = metadata.get("deletionGracePeriodSeconds")
    if not period:
        # marked to go at once, but not removed yet
        return Step.REMOVE
    period = max(period, 1)
    if grace is None or grace >= period:
        return Step.NOTHING
    end = meta.parse_time(metadata["deletionTimestamp"]) - period + grace
    now = times.clock()
    if end < now:
        end = now
        grace = 1 if grace else 0
    metadata["deletionTimestamp"] = meta.format_time(end)
    metadata["deletionGracePeriodSeconds"] = grace
    return Step.MARK if grace > 0 else Step.MARK_AND_REMOVE


def _mark(metadata: dict[str, Any], times: Times) -> None:
    """Finalizers hold an object without a grace period of its own."""
    now = times.now()
    marked = metadata.get("deletionTimestamp")
    if marked is None:
        _bump_generation(metadata)
    if marked is None or marked > now:
        metadata["deletionTimestamp"] = now
    metadata["deletionGracePeriodSeconds"] = 0


def _bump_generation(metadata: dict[str, Any]) -> None:
    if (generation := metadata.get("generation") or 0) > 0:
        metadata["generation"] = generation + 1


def _set_gc_finalizers(strategy: "Strategy", metadata: dict[str, Any], options: "DeleteOptions") -> None:
    """The finalizers by which the garbage collector is asked to orphan or to wait for dependents."""
    if strategy.default_garbage_collection_policy == "unsupported":
        wanted = ""
    else:
        wanted = _wanted_gc_finalizer(strategy, metadata, options)
    have = metadata.get("finalizers") or []
    finalizers = [f for f in have if f not in _GC_FINALIZERS]
    if wanted:
        finalizers.append(wanted)
    if set(finalizers) != set(have):
        metadata["finalizers"] = finalizers


def _wanted_gc_finalizer(strategy: "Strategy", metadata: dict[str, Any], options: "DeleteOptions") -> str:
    """The request decides, then a finalizer that is there, then the kind's default."""
    if options.orphan_dependents is not None:
        return FINALIZER_ORPHAN if options.orphan_dependents else ""
    match options.propagation_policy:
        case "Orphan":
            return FINALIZER_ORPHAN
        case "Foreground":
            return FINALIZER_FOREGROUND
        case "Background":
            return ""
    for finalizer in metadata.get("finalizers") or ():
        if finalizer in _GC_FINALIZERS:
            return str(finalizer)
    return FINALIZER_ORPHAN if strategy.default_garbage_collection_policy == "orphan" else ""
