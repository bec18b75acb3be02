"""ResourceQuota: no more than a namespace is allowed
(upstream: k8s.io/apiserver pkg/admission/plugin/resourcequota/controller.go).

It is the last to be asked, because it charges: what is allowed is written into the quotas' status before the
object itself is stored. Requests of one namespace are checked one after the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from weakref import WeakValueDictionary

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.quota import amounts as sums
from pilothouse.admission.quota.evaluators import Evaluator, standard_evaluators
from pilothouse.admission.quota.podresources import Amounts, amounts
from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource

_QUOTAS: Final = GroupResource("", "resourcequotas")
_NAMESPACES: Final = GroupResource("", "namespaces")
_IGNORED: Final = frozenset({
    GroupResource("", "bindings"), GroupResource("", "componentstatuses"),
    GroupResource("authentication.k8s.io", "tokenreviews"),
    GroupResource("authentication.k8s.io", "selfsubjectreviews"),
    GroupResource("authorization.k8s.io", "subjectaccessreviews"),
    GroupResource("authorization.k8s.io", "selfsubjectaccessreviews"),
    GroupResource("authorization.k8s.io", "localsubjectaccessreviews"),
    GroupResource("authorization.k8s.io", "selfsubjectrulesreviews"),
    GroupResource("", "events"), GroupResource("events.k8s.io", "events"),
})
_RETRIES: Final = 3

#: Writes `quota`, whose status.used has been replaced, to /status; raises StatusError 409 when it is not the newest.
WriteStatus = Callable[[Object], Awaitable[None]]


class ResourceQuota:
    def __init__(
        self, lister: Lister, write_status: WriteStatus, evaluators: dict[GroupResource, Evaluator] | None = None
    ) -> None:
        self._lister = lister
        self._write_status = write_status
        self._evaluators = evaluators if evaluators is not None else standard_evaluators(lister)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def _evaluator(self, resource: GroupResource) -> Evaluator:
        evaluator = self._evaluators.get(resource)
        if evaluator is None:
            evaluator = self._evaluators[resource] = Evaluator(resource)
        return evaluator

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        if operation not in (CREATE, UPDATE) or resource in _IGNORED or resource == _NAMESPACES:
            return False
        return self._evaluator(resource).handles(operation, subresource)

    async def validate(self, a: Attributes) -> None:
        if not a.namespace or a.object is None or not self._lister.list(_QUOTAS, a.namespace):
            return
        if not self._evaluator(a.resource).changes_usage(a.object, a.old_object, a.subresource):
            return
        lock = self._locks.get(a.namespace)
        if lock is None:
            lock = self._locks[a.namespace] = asyncio.Lock()
        async with lock:
            await self._charge(a)

    async def _charge(self, a: Attributes) -> None:
        pending: Sequence[str] | None = None
        for attempt in range(_RETRIES + 1):
            quotas = self._lister.list(_QUOTAS, a.namespace)
            if pending is not None:
                quotas = [q for q in quotas if q["metadata"]["name"] in pending]
            changed = self.check(quotas, a)
            if a.dry_run:
                return
            pending = []
            for quota in changed:
                try:
                    await self._write_status(quota)
                except status.StatusError as e:
                    if e.code != 409 or attempt == _RETRIES:
                        raise
                    pending.append(quota["metadata"]["name"])
            if not pending:
                return

    def check(self, quotas: Sequence[Object], a: Attributes) -> list[Object]:
        """The quotas as they are to be written after this operation. Raises 403 when one does not allow it."""
        evaluator = self._evaluator(a.resource)
        obj, old = a.object or {}, a.old_object
        affected = [q for q in quotas if evaluator.matches(q, obj)]
        for quota in affected:
            self._check_measurable(a, evaluator, quota)
        if not affected:
            return []
        usage = evaluator.usage(obj)
        negative = sorted(k for k, v in usage.items() if v.sign() < 0)
        if negative:
            raise forbidden(a, f"quota usage is negative for resource(s): {','.join(negative)}")
        delta = usage
        if a.operation == UPDATE and old is not None:
            delta = sums.subtract_not_below_zero(usage, evaluator.usage(old))
        changed: list[Object] = []
        for quota in affected:
            # an object that comes under this quota only now is charged in full
            counted = a.operation == UPDATE and old is not None and evaluator.matches(quota, old)
            charge = sums.without_zeros(delta if counted else usage)
            new = _charged(a, quota, charge) if charge else None
            if new is not None:
                changed.append(new)
        return changed

    def _check_measurable(self, a: Attributes, evaluator: Evaluator, quota: Object) -> None:
        name, state = quota["metadata"]["name"], quota.get("status") or {}
        restricted = evaluator.matching(state.get("hard") or {})
        if text := evaluator.constraints(restricted, a.object or {}):
            raise forbidden(a, f"failed quota: {name}: {text}")
        used = state.get("used") or {}
        if any(r not in used for r in restricted):
            raise forbidden(a, f"status unknown for quota: {name}, resources: {','.join(sorted(restricted))}")


def _charged(a: Attributes, quota: Object, charge: Amounts) -> Object | None:
    """A copy of `quota` with the charge added; None when the quota bounds nothing of it."""
    hard, used = amounts(quota["status"].get("hard")), amounts(quota["status"].get("used"))
    requested = sums.mask(charge, hard)
    if not requested:
        return None
    total = sums.add(used, requested)
    over = sums.exceeded(sums.mask(total, requested), hard)
    if over and a.subresource != "status":
        raise forbidden(
            a,
            f"exceeded quota: {quota['metadata']['name']}, requested: {sums.text(sums.mask(requested, over))}, "
            f"used: {sums.text(sums.mask(used, over))}, limited: {sums.text(sums.mask(hard, over))}",
        )
    return {**quota, "status": {**quota["status"], "used": {k: str(v) for k, v in sorted(total.items())}}}
