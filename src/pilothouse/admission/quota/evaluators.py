"""One evaluator for each kind that uses more than a place in a list; the others are only counted
(upstream: pkg/quota/v1/evaluator/core, k8s.io/apiserver pkg/quota/v1/generic/evaluator.go)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Lister, Object
from pilothouse.admission.quota import podscopes
from pilothouse.admission.quota.podresources import Amounts, amounts, pod_usage
from pilothouse.apimachinery import meta
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.quantity import Quantity

_ONE: Final = Quantity(1)
#: Devices of a class, asked for as an extended resource.
_DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"
_LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class"
_STORAGE_CLASS_SUFFIX = ".storageclass.storage.k8s.io/"
_LEGACY_COUNTS = frozenset({"configmaps", "resourcequotas", "replicationcontrollers", "secrets"})
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


class Evaluator:
    """Counts objects: "count/deployments.apps", and "configmaps" for the few kinds that have a name of their own."""

    def __init__(self, resource: GroupResource) -> None:
        self.count_name = f"count/{resource}"
        legacy = not resource.group and resource.resource in _LEGACY_COUNTS
        self._names = (self.count_name, resource.resource) if legacy else (self.count_name,)

    def handles(self, operation: str, subresource: str) -> bool:
        """Whether such an operation can change what is used."""
        return operation == CREATE and not subresource

    def changes_usage(self, obj: Object, old: Object | None, subresource: str) -> bool:
        """Whether this very operation, which `handles` lets through, can."""
        return True

    def matching(self, names: Iterable[str]) -> list[str]:
        """Those of a quota's resource names that this kind is charged for."""
        return [n for n in names if n in self._names]

    def matches_scope(self, selector: Mapping[str, Any], obj: Object) -> bool:
        return False

    def constraints(self, required: Iterable[str], obj: Object) -> str:
        """What is wrong with an object that must say how much it uses, or ""."""
        return ""

    def usage(self, obj: Object) -> Amounts:
        return dict.fromkeys(self._names, _ONE)

    def matches(self, quota: Object, obj: Object) -> bool:
        """Whether the quota bounds anything this object uses, and its scopes all fit."""
        hard = (quota.get("status") or {}).get("hard") or {}
        return bool(self.matching(hard)) and all(self.matches_scope(s, obj) for s in scope_selectors(quota))


def scope_selectors(quota: Object) -> list[dict[str, Any]]:
    spec = quota.get("spec") or {}
    selectors = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return selectors + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


class PodEvaluator(Evaluator):
    _NAMES: Final = frozenset({
        "count/pods", "pods", *_COMPUTE, *(f"requests.{n}" for n in _COMPUTE), *(f"limits.{n}" for n in _COMPUTE),
    })
    #: A quota of these obliges every container to say what it wants (a mistake of old, kept upstream).
    _REQUIRED: Final = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(GroupResource("", "pods"))
        self._clock = clock

    def handles(self, operation: str, subresource: str) -> bool:
        if subresource:
            return subresource == "resize" and operation == UPDATE
        return operation in (CREATE, UPDATE)

    def changes_usage(self, obj: Object, old: Object | None, subresource: str) -> bool:
        return bool(subresource) or old is None or podscopes.is_terminating(obj) != podscopes.is_terminating(old)

    def matching(self, names: Iterable[str]) -> list[str]:
        return [
            n for n in names
            if n in self._NAMES or n.startswith(("hugepages-", "requests.hugepages-")) or is_extended_quota(n)
        ]

    def matches_scope(self, selector: Mapping[str, Any], obj: Object) -> bool:
        return podscopes.matches(selector, obj)

    def constraints(self, required: Iterable[str], obj: Object) -> str:
        wanted = self._REQUIRED.intersection(required)
        spec = obj["spec"]
        level = spec.get("resources") or {}
        if not wanted or level.get("requests") or level.get("limits"):
            return ""
        missing: dict[str, set[str]] = {}
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            have = _compute_usage(amounts(resources.get("requests")), amounts(resources.get("limits")))
            for name in wanted.difference(have):
                missing.setdefault(name, set()).add(container.get("name", ""))
        if not missing:
            return ""
        told = (f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
        return "must specify " + "; ".join(told)

    def usage(self, obj: Object) -> Amounts:
        result: Amounts = {self.count_name: _ONE}
        if self._is_charged(obj):
            result.update(_compute_usage(pod_usage(obj, "requests"), pod_usage(obj, "limits")))
        return result

    def _is_charged(self, pod: Object) -> bool:
        """A pod that has ended, or should long have been gone, uses nothing but its place in the list."""
        if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            return False
        metadata = pod["metadata"]
        deletion, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
        return deletion is None or grace is None or self._clock() <= meta.parse_time(deletion) + grace


def _compute_usage(requests: Amounts, limits: Amounts) -> Amounts:
    result: Amounts = {"pods": _ONE}
    for name in _COMPUTE:
        if name in requests:
            result[name] = result[f"requests.{name}"] = requests[name]
        if name in limits:
            result[f"limits.{name}"] = limits[name]
    for name, value in requests.items():
        if name.startswith("hugepages-"):
            result[name] = result[f"requests.{name}"] = value
        elif (not _is_native(name) and not name.startswith("requests.")) or name.startswith(_DEVICE_CLASS):
            result[f"requests.{name}"] = value
    return result


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def is_extended_quota(name: str) -> bool:
    """Whether a quota's name is that of an extended resource."""
    return name.startswith("requests.") and (not _is_native(name) or name.startswith(f"requests.{_DEVICE_CLASS}"))


class ServiceEvaluator(Evaluator):
    _NAMES: Final = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})

    def __init__(self) -> None:
        super().__init__(GroupResource("", "services"))

    def handles(self, operation: str, subresource: str) -> bool:
        return operation in (CREATE, UPDATE) and not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        return [n for n in names if n in self._NAMES]

    def usage(self, obj: Object) -> Amounts:
        spec = obj.get("spec") or {}
        ports = spec.get("ports") or ()
        kind = spec.get("type")
        node_ports = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
        if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
            node_ports = sum(1 for p in ports if p.get("nodePort"))
        return {
            "count/services": _ONE, "services": _ONE, "services.nodeports": Quantity(node_ports),
            "services.loadbalancers": Quantity(int(kind == "LoadBalancer")),
        }


class ClaimEvaluator(Evaluator):
    """PersistentVolumeClaims: their number and their storage, both also by storage class."""

    _NAMES: Final = ("persistentvolumeclaims", "requests.storage")

    def __init__(self) -> None:
        super().__init__(GroupResource("", "persistentvolumeclaims"))

    def handles(self, operation: str, subresource: str) -> bool:
        if subresource:
            return subresource == "status" and operation == UPDATE
        return operation in (CREATE, UPDATE)

    def matching(self, names: Iterable[str]) -> list[str]:
        by_class = tuple(_STORAGE_CLASS_SUFFIX + n for n in self._NAMES)
        return [n for n in names if n == self.count_name or n in self._NAMES or n.endswith(by_class)]

    def matches_scope(self, selector: Mapping[str, Any], obj: Object) -> bool:
        if selector.get("scopeName") != "VolumeAttributesClass":
            return False
        status = obj.get("status") or {}
        names = {
            (obj.get("spec") or {}).get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"),
            (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
        }
        return podscopes.matches_names(selector, {n for n in names if n})

    def usage(self, obj: Object) -> Amounts:
        spec = obj.get("spec") or {}
        legacy = (obj["metadata"].get("annotations") or {}).get(_LEGACY_CLASS)
        storage_class = legacy if legacy is not None else spec.get("storageClassName")
        result: Amounts = {"persistentvolumeclaims": _ONE, self.count_name: _ONE}
        asked = amounts((spec.get("resources") or {}).get("requests")).get("storage")
        if asked is not None:
            given = amounts((obj.get("status") or {}).get("allocatedResources")).get("storage", asked)
            result["requests.storage"] = _whole(max(asked, given))
        if storage_class:
            for name in self._NAMES:
                if name in result:
                    result[storage_class + _STORAGE_CLASS_SUFFIX + name] = result[name]
        return result


def _whole(q: Quantity) -> Quantity:
    return q if Quantity(q.value()) == q else Quantity(q.value(), format=q.format)


def standard_evaluators(lister: Lister, clock: Callable[[], float] = time.time) -> dict[GroupResource, Evaluator]:
    """The evaluators that measure more than a count, by resource."""
    from pilothouse.admission.quota.deviceclaims import CLAIMS, DeviceClaimEvaluator

    pods = PodEvaluator(clock)
    return {
        CLAIMS: DeviceClaimEvaluator(lister, pods),
        GroupResource("", "pods"): pods,
        GroupResource("", "services"): ServiceEvaluator(),
        GroupResource("", "persistentvolumeclaims"): ClaimEvaluator(),
    }
