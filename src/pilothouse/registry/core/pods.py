"""The rules of pods (upstream: pkg/registry/core/pod/strategy.go)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, meta
from pilothouse.registry.core.pod_defaults import sync_service_account
from pilothouse.registry.core.pod_features import (
    app_armor_fields,
    drop_disabled_fields,
    drop_disabled_status_fields,
)
from pilothouse.registry.core.pod_qos import qos_class
from pilothouse.registry.core.pod_resize_validation import validate_ephemeral_containers_update, validate_pod_resize
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_status_validation import pod_status_warnings, validate_pod_status
from pilothouse.registry.core.pod_tolerances import tolerating
from pilothouse.registry.core.pod_validation import (
    validate_pod_annotation_update,
    validate_pod_create,
    validate_pod_update,
)
from pilothouse.registry.core.pod_warnings import pod_warnings
from pilothouse.registry.rest import DeleteOptions, Object, Strategy
from pilothouse.registry.strategies import keep, label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_RULES = PodRules(is_pod=True)
SELECTABLE = (
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
    "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
)


def selectable(pod: Mapping[str, Any]) -> dict[str, str]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    return {
        "spec.nodeName": spec.get("nodeName") or "",
        "spec.restartPolicy": spec.get("restartPolicy") or "",
        "spec.schedulerName": spec.get("schedulerName") or "",
        "spec.serviceAccountName": spec.get("serviceAccountName") or "",
        "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
        "status.phase": status.get("phase") or "",
        # "status.podIPs" is a label that upstream takes, but no object has it
        "status.podIP": status.get("podIP") or "",
        "status.nominatedNodeName": status.get("nominatedNodeName") or "",
    }


class _Writes(Strategy, ABC):
    """A subresource that writes a part of the pod; what it may write is left after `prepare_for_update`."""

    generation = True

    def __init__(self, rules: PodRules) -> None:
        self._rules = rules

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        part = self.part(obj, old)
        drop_disabled_fields(part, old.get("spec"), self._rules)
        metadata = obj["metadata"]
        keep(
            metadata, old["metadata"],
            "deletionTimestamp", "generation", "selfLink", "labels", "annotations", "finalizers", "ownerReferences",
        )
        obj.clear()
        obj.update(old)
        obj["metadata"] = metadata
        if part is not None:
            obj["spec"] = part
            if part != old.get("spec"):
                metadata["generation"] = (old["metadata"].get("generation") or 0) + 1

    @abstractmethod
    def part(self, obj: Object, old: Object) -> Object | None:
        """The spec to write, or None to leave it."""


class EphemeralContainersStrategy(_Writes):
    generation = False

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        check = partial(validate_ephemeral_containers_update, obj, old)
        return [*tolerating(check, self._rules, old)]

    def part(self, obj: Object, old: Object) -> Object | None:
        spec = dict(old.get("spec") or {})
        keep(spec, obj.get("spec") or {}, "ephemeralContainers")
        return spec


class ResizeStrategy(_Writes):
    generation = False

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*tolerating(partial(validate_pod_resize, obj, old), self._rules, old)]

    def part(self, obj: Object, old: Object) -> Object | None:
        new, before = obj.get("spec") or {}, old.get("spec") or {}
        if any(len(new.get(name) or ()) != len(before.get(name) or ()) for name in ("containers", "initContainers")):
            return new  # for validation to refuse
        spec = dict(before)
        for name in ("containers", "initContainers"):
            resized = _resized(new.get(name) or [], before.get(name) or [])
            if resized:
                spec[name] = resized
        keep(spec, new, "resources")
        return spec


class BindingStrategy(Strategy):
    """Binding checks and writes what it must itself; nothing is reset and nothing validated again."""


class PodStrategy(Strategy):
    """`clock` gives Unix seconds."""

    generation = True
    status_fields = ("status",)
    #: `prepare_for_create` makes it anew, but for the class that it may say.
    creates_with_status = True
    graceful = True

    def __init__(self, clock: Callable[[], float], rules: PodRules = _RULES) -> None:
        self._clock = clock
        self._rules = rules
        self.subresource_strategies = {
            "ephemeralcontainers": EphemeralContainersStrategy(self._rules),
            "resize": ResizeStrategy(self._rules),
            "binding": BindingStrategy(),
        }

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        spec = obj.get("spec") or {}
        # Admission may have given the pod its account.
        sync_service_account(spec)
        status: Object = {"phase": "Pending"}
        if spec.get("schedulingGates"):
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": meta.format_time(self._clock()),
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]
        # upstream takes a class that the client sent (strategy.go, GetPodQOS)
        status["qosClass"] = (obj.get("status") or {}).get("qosClass") or qos_class(spec)
        obj["status"] = status
        drop_disabled_fields(spec, None, self._rules)
        _merge_label_keys(spec, obj["metadata"].get("labels") or {})
        for text in app_armor_fields(obj):
            ctx.warn(text)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        drop_disabled_fields(obj.get("spec"), old.get("spec"), self._rules)

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        # Old kubelets send owner references that break garbage collection.
        keep(obj["metadata"], old["metadata"], "ownerReferences")
        status, before = obj.setdefault("status", {}), old.get("status") or {}
        if not status.get("qosClass") and before.get("qosClass"):
            status["qosClass"] = before["qosClass"]
        _keep_observed_generations(status, before)
        drop_disabled_status_fields(status)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return [*validate_pod_create(obj, self._rules)]

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [*tolerating(partial(validate_pod_update, obj, old), self._rules, old)]

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return [
            *tolerating(partial(validate_pod_annotation_update, obj, old), self._rules, old),
            *validate_pod_status(obj, old),
        ]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return label_name_warnings(obj["metadata"], "the Pod's hostname") + pod_warnings(obj)

    def warnings_on_status_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return pod_status_warnings(obj.get("status") or {})

    def check_graceful_delete(self, ctx: Context, obj: Object, options: DeleteOptions) -> int | None:
        spec = obj.get("spec") or {}
        period = options.grace_period_seconds
        if period is None:
            period = spec.get("terminationGracePeriodSeconds") or 0
        if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            return 0
        return 1 if period < 0 else period


def _resized(new: list[Object], old: list[Object]) -> list[Object]:
    """The old containers with the new resources; the new ones as they are if they are not the same containers."""
    if [c.get("name") for c in new] != [c.get("name") for c in old]:
        return new
    result = []
    for container, before in zip(new, old, strict=True):
        merged = dict(before)
        keep(merged, container, "resources", "resizePolicy")
        result.append(merged)
    return result


def _merge_label_keys(spec: Object, labels: Mapping[str, str]) -> None:
    """Writes matchLabelKeys and mismatchLabelKeys out as expressions, with the pod's own values."""
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(name) or {}
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            _merge_into_selector(weighted.get("podAffinityTerm") or {}, labels)
        for term in terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
            _merge_into_selector(term, labels)
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge_into_selector(constraint, labels)


def _merge_into_selector(term: Object, labels: Mapping[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:
        return
    for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(keys) or ():
            if key in labels:
                selector.setdefault("matchExpressions", []).append(
                    {"key": key, "operator": operator, "values": [labels[key]]}
                )


def _keep_observed_generations(status: Object, before: Object) -> None:
    """Clients that do not know observedGeneration do not clear it."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    old: dict[str, deque[int]] = {}
    for condition in before.get("conditions") or ():
        old.setdefault(condition.get("type", ""), deque()).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or ():
        generations = old.get(condition.get("type", ""))
        generation = generations.popleft() if generations else 0
        if generation and not condition.get("observedGeneration"):
            condition["observedGeneration"] = generation
