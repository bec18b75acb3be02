"""What ResourceClaims use: how many devices of each class they ask for at most
(upstream: pkg/quota/v1/evaluator/core/resource_claims.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Lister, Object
from pilothouse.admission.quota.evaluators import Evaluator, is_extended_quota
from pilothouse.admission.quota.podresources import Amounts
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import Quantity

CLAIMS: Final = GroupResource("resource.k8s.io", "resourceclaims")
_CLASSES: Final = GroupResource("resource.k8s.io", "deviceclasses")
_PODS: Final = GroupResource("", "pods")
_BY_CLASS: Final = ".deviceclass.resource.k8s.io/devices"
_REQUESTS: Final = "requests."
_IMPLICIT: Final = "deviceclass.resource.kubernetes.io/"
#: Of a claim that the scheduler made for extended resources of a pod.
_FOR_POD: Final = "resource.kubernetes.io/extended-resource-claim"
#: As many devices as one claim can get.
_MOST_DEVICES: Final = 32
_NONE: Final = Quantity(0)


class DeviceClaimEvaluator(Evaluator):
    """`pods` measures what a pod is charged for."""

    def __init__(self, lister: Lister, pods: Evaluator) -> None:
        super().__init__(CLAIMS)
        self._lister = lister
        self._pods = pods

    def handles(self, operation: str, subresource: str) -> bool:
        return operation in (CREATE, UPDATE) and not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        return [
            n for n in names
            if n == self.count_name or n.endswith(_BY_CLASS) or (is_extended_quota(n) and self._is_of_a_class(n))
        ]

    def usage(self, obj: Object) -> Amounts:
        result: Amounts = {self.count_name: Quantity(1)}
        for request in ((obj.get("spec") or {}).get("devices") or {}).get("requests") or ():
            for name, count in _most(request).items():
                result[name + _BY_CLASS] = result.get(name + _BY_CLASS, _NONE) + Quantity(count)
        charged = self._charged_to_pod(obj)
        for name, amount in [*self._extended(result)]:
            rest = amount - charged[name] if name in charged else amount
            if rest.sign() > 0:
                result[name] = rest
        return result

    def _extended(self, used: Amounts) -> Iterator[tuple[str, Quantity]]:
        """The same devices by the names under which pods ask for them."""
        for name, amount in used.items():
            of_class = name.removesuffix(_BY_CLASS)
            if of_class in ("", name):
                continue
            yield f"{_REQUESTS}{_IMPLICIT}{of_class}", amount
            device_class = self._lister.get(_CLASSES, "", of_class)
            extended = ((device_class or {}).get("spec") or {}).get("extendedResourceName")
            if extended:
                yield f"{_REQUESTS}{extended}", amount

    def _is_of_a_class(self, name: str) -> bool:
        resource = name.removeprefix(_REQUESTS)
        if resource.startswith(_IMPLICIT):
            return self._lister.get(_CLASSES, "", resource.removeprefix(_IMPLICIT)) is not None
        return any(
            (device_class.get("spec") or {}).get("extendedResourceName") == resource
            for device_class in self._lister.list(_CLASSES)
        )

    def _charged_to_pod(self, claim: Object) -> Amounts:
        """What the pod was charged for already for which the scheduler made this claim."""
        metadata = claim["metadata"]
        namespace, uid = metadata.get("namespace", ""), _pod_of(claim)
        if uid is None:
            return {}
        owner = next(o for o in metadata["ownerReferences"] if o.get("controller"))
        pod = self._lister.get(_PODS, namespace, owner.get("name", ""))
        if pod is None or pod["metadata"].get("uid") != uid:
            return {}
        status = (pod.get("status") or {}).get("extendedResourceClaimStatus")
        if status is not None and status.get("resourceClaimName") != metadata.get("name"):
            return {}
        if status is None and any(_is_before(other, claim) for other in self._lister.list(CLAIMS, namespace)
                                  if _pod_of(other) == uid):
            return {}
        return self._pods.usage(pod)


def _pod_of(claim: Object) -> str | None:
    metadata = claim["metadata"]
    if (metadata.get("annotations") or {}).get(_FOR_POD) != "true":
        return None
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None or owner.get("kind") != "Pod" or owner.get("apiVersion") != "v1":
        return None
    return str(owner.get("uid", ""))


def _is_before(claim: Object, other: Object) -> bool:
    """The older one, or that with the first name of two as old, stands for the pod."""
    return _age(claim) < _age(other)


def _age(claim: Object) -> tuple[str, str]:
    metadata = claim["metadata"]
    return metadata.get("creationTimestamp") or "", metadata.get("name") or ""


def _most(request: Mapping[str, Any]) -> dict[str, int]:
    """How many devices of which class a request may get. v1beta1 says it in the request itself."""
    alternatives = request.get("firstAvailable") or ()
    if not alternatives:
        exactly = request.get("exactly") or request
        return {exactly["deviceClassName"]: _count(exactly)} if exactly.get("deviceClassName") else {}
    most: dict[str, int] = {}
    for one in alternatives:
        name, count = one.get("deviceClassName") or "", _count(one)
        if count > most.get(name, 0):
            most[name] = count
    return most


def _count(request: Mapping[str, Any]) -> int:
    match request.get("allocationMode"):
        case "ExactCount":
            return request.get("count") or 0
        case "All":
            return _MOST_DEVICES
    return 0
