"""Eviction of pods within their disruption budgets (upstream: pkg/registry/core/pod/storage/eviction.go)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery import field, labels, meta, status
from pilothouse.apimachinery.gvk import GroupKind, GroupResource
from pilothouse.apimachinery.status import REASON_CONFLICT, REASON_TOO_MANY_REQUESTS, StatusError
from pilothouse.registry.core.binding import PODS
from pilothouse.registry.core.conditions import update_pod_condition
from pilothouse.registry.rest import DeleteOptions, Object, SubresourceCall, WriteOptions
from pilothouse.registry.statuswriter import StatusWriter
from pilothouse.registry.write_options import validate_delete_options
from pilothouse.storage.interface import Predicate

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Stores

BUDGETS = GroupResource("policy", "poddisruptionbudgets")
#: How many evictions a budget may have that its controller has not seen (upstream: MaxDisruptedPodSize).
_MAX_DISRUPTED_PODS = 2000
#: How often a pod that changes meanwhile is looked at again (upstream: EvictionsRetry).
_ATTEMPTS = 20
_UNSAFE = "ignoreStoreReadErrorWithClusterBreakingPotential"
_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


class Evictor:
    """POST pods/eviction. `clock` gives Unix seconds."""

    def __init__(self, stores: Stores, clock: Callable[[], float]) -> None:
        self._stores = stores
        self._clock = clock

    @cached_property
    def _budget_writer(self) -> StatusWriter:
        return StatusWriter(self._stores(BUDGETS))

    async def __call__(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """Answers a Status. Raises 404, 409, 429 and, for a pod with several budgets, 500."""
        eviction = call.body or {}
        if (eviction.get("metadata") or {}).get("name", "") != call.name:
            raise status.bad_request("name in URL does not match name in Eviction object")
        given = eviction.get("deleteOptions") or {}
        _refuse_options(call.name, given, call.dry_run)
        options = _delete_options(given, call.dry_run)
        pod = await self._pod(ctx, call)
        if _beyond_budgets(pod):
            await self._evict_without_budget(ctx, call, pod, options)
        else:
            await self._evict_within_budget(ctx, call, pod, options)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    async def _pod(self, ctx: Context, call: SubresourceCall) -> Object:
        item = await self._stores(PODS).get(ctx, call.namespace, call.name)
        pod: Object = orjson.loads(item.body)
        return pod

    async def _evict_without_budget(
        self, ctx: Context, call: SubresourceCall, pod: Object, options: DeleteOptions
    ) -> None:
        for attempt in range(_ATTEMPTS):
            guarded = options
            # A pending pod may start to run meanwhile, and then its budget would count.
            pending = (pod.get("status") or {}).get("phase") == "Pending" and not _deleted(pod)
            if pending and options.resource_version is None:
                guarded = replace(options, resource_version=pod["metadata"]["resourceVersion"])
            try:
                await self._delete(ctx, call, guarded)
                return
            except StatusError as e:
                if e.reason != REASON_CONFLICT or options.resource_version is not None or guarded is options:
                    raise
                # another uid will not come back (upstream tries all the same)
                if attempt == _ATTEMPTS - 1 or (options.uid and options.uid != pod["metadata"]["uid"]):
                    raise
            await asyncio.sleep(0)
            pod = await self._pod(ctx, call)
            if not _beyond_budgets(pod):
                await self._evict_within_budget(ctx, call, pod, options)
                return

    async def _evict_within_budget(
        self, ctx: Context, call: SubresourceCall, pod: Object, options: DeleteOptions
    ) -> None:
        budgets = self._budgets(call.namespace, pod)
        if len(budgets) > 1:
            raise status.plain_internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            )
        guarded = options
        if budgets and _unhealthy_and_free(pod, budgets[0]):
            guarded = replace(options, resource_version=pod["metadata"]["resourceVersion"])
        elif budgets:
            await self._take(ctx, call, budgets[0]["metadata"]["name"], options.dry_run)
        try:
            await self._delete(ctx, call, guarded)
        except StatusError as e:
            if e.reason == REASON_CONFLICT and guarded is not options and options.resource_version is None:
                raise _still_processed(budgets[0]["metadata"]["name"]) from None
            raise

    def _budgets(self, namespace: str, pod: Object) -> list[Object]:
        store = self._stores(BUDGETS)
        items, _ = store.cacher.snapshot(Predicate(store.key_root(namespace)))
        pod_labels = pod["metadata"].get("labels") or {}
        budgets: list[Object] = [orjson.loads(item.body) for item in items]
        return [
            budget for budget in budgets
            if (selector := (budget.get("spec") or {}).get("selector")) is not None
            and labels.from_label_selector(selector).matches(pod_labels)
        ]

    async def _take(self, ctx: Context, call: SubresourceCall, budget: str, dry_run: bool) -> None:
        """One disruption of the budget's, or 429."""

        def disrupt(budget: Object) -> None:
            now = meta.format_time(self._clock())
            _check(budget)
            budget_status = budget["status"]
            budget_status["disruptionsAllowed"] -= 1
            if budget_status["disruptionsAllowed"] == 0:
                _set_not_allowed(budget, now)
            budget_status.setdefault("disruptedPods", {})[call.name] = now

        await self._budget_writer.change(ctx, call.namespace, budget, disrupt, dry_run=dry_run)

    async def _delete(self, ctx: Context, call: SubresourceCall, options: DeleteOptions) -> None:
        pods = self._stores(PODS)
        if not options.dry_run:
            resource_version = options.resource_version

            async def mark(pod: Object) -> Object:
                _check_preconditions(pod, options)
                condition = {
                    "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting",
                }
                update_pod_condition(pod.setdefault("status", {}), condition, meta.format_time(self._clock()))
                return pod

            item, _ = await pods.update(
                ctx, call.namespace, call.name, mark, WriteOptions(), subresource="binding"
            )
            if resource_version is not None:
                options = replace(options, resource_version=str(item.revision))
        _validate((call.body or {}).get("deleteOptions") or {})
        await pods.delete(ctx, call.namespace, call.name, options)


def _deleted(pod: Object) -> bool:
    return pod["metadata"].get("deletionTimestamp") is not None


def _beyond_budgets(pod: Object) -> bool:
    return _deleted(pod) or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed", "Pending")


def _unhealthy_and_free(pod: Object, budget: Object) -> bool:
    """Pods that are not ready may go if the budget says so, or is met without them."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    budget_status = budget.get("status") or {}
    desired: int = budget_status.get("desiredHealthy", 0)
    return desired > 0 and budget_status.get("currentHealthy", 0) >= desired


def _refuse_options(name: str, options: Object, dry_run: bool) -> None:
    if options.get(_UNSAFE):
        text = "can not be set for pod eviction, try after removing the option"
        error = field.invalid(f"deleteOptions.{_UNSAFE}", True, text)
        raise status.invalid(GroupKind("policy", "Eviction"), name, [error])
    inside = options.get("dryRun") or []
    if dry_run and inside not in ([], ["All"]):
        text = f"Non-matching dry-run options in request and content: [All] and [{' '.join(inside)}]"
        raise status.plain_internal(text)


def _validate(options: Object) -> None:
    """What the deletion itself finds wrong with its options, when the pod is marked already: upstream's."""
    errors = validate_delete_options(
        options.get("propagationPolicy"), options.get("orphanDependents"), options.get("dryRun") or ()
    )
    if errors:
        raise status.invalid(GroupKind("meta.k8s.io", "DeleteOptions"), "", errors)


def _delete_options(options: Object, dry_run: bool) -> DeleteOptions:
    preconditions = options.get("preconditions") or {}
    return DeleteOptions(
        grace_period_seconds=options.get("gracePeriodSeconds"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        propagation_policy=options.get("propagationPolicy"),
        orphan_dependents=options.get("orphanDependents"),
        dry_run=dry_run or bool(options.get("dryRun")),
    )


def _check_preconditions(pod: Object, options: DeleteOptions) -> None:
    metadata = pod["metadata"]
    # upstream names the kind where a resource belongs (addConditionAndDeletePod): kept
    named = GroupResource("", "Pod")
    if options.uid and options.uid != metadata["uid"]:
        raise status.conflict(
            named, metadata["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        raise status.conflict(
            named, metadata["name"],
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
            f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified",
        )


def _violation(cause: str, retry_after: int = 0) -> StatusError:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, REASON_TOO_MANY_REQUESTS, _VIOLATES, details)


def _still_processed(budget: str) -> StatusError:
    return _violation(f"The disruption budget {budget} is still being processed by the server.", 10)


def _check(budget: Object) -> None:
    metadata, budget_status = budget["metadata"], budget.setdefault("status", {})
    name = metadata["name"]
    if (budget_status.get("observedGeneration") or 0) < (metadata.get("generation") or 0):
        raise _still_processed(name)
    allowed = budget_status.get("disruptionsAllowed", 0)
    resource = GroupResource("policy", "poddisruptionbudget")
    if allowed < 0:
        raise status.forbidden(resource, name, "pdb disruptions allowed is negative")
    if len(budget_status.get("disruptedPods") or ()) > _MAX_DISRUPTED_PODS:
        raise status.forbidden(
            resource, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        )
    if allowed == 0:
        raise _violation(_why_not(name, budget_status))


def _why_not(name: str, budget_status: Object) -> str:
    condition: Object = next(
        (c for c in budget_status.get("conditions") or () if c.get("type") == "DisruptionAllowed"), {}
    )
    told = condition.get("status") == "False" and bool(condition.get("message"))
    start = f"The disruption budget {name}"
    if told and condition.get("reason") == "SyncFailed":
        return f"{start} does not allow evicting pods currently because it failed sync: {condition['message']}"
    current, desired = budget_status.get("currentHealthy", 0), budget_status.get("desiredHealthy", 0)
    if current <= desired:
        return f"{start} needs {desired} healthy pods and has {current} currently"
    if told:
        return f"{start} does not allow evicting pods currently ({condition['reason']}): {condition['message']}"
    return f"{start} does not allow evicting pods currently"


def _set_not_allowed(budget: Object, now: str) -> None:
    conditions = budget["status"].setdefault("conditions", [])
    new = {
        "type": "DisruptionAllowed", "status": "False",
        "observedGeneration": budget["status"].get("observedGeneration", 0),
        "lastTransitionTime": now, "reason": "InsufficientPods", "message": "",
    }
    for i, old in enumerate(conditions):
        if old.get("type") == new["type"]:
            if old.get("status") == new["status"]:
                new["lastTransitionTime"] = old.get("lastTransitionTime")
            conditions[i] = new
            return
    conditions.append(new)
