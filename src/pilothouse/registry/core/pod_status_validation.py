"""Validation of what kubelets report of pods (upstream: core/validation ValidatePodStatusUpdate)."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import is_valid_ip_for_legacy_field, parse_ip, warnings_for_ip
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_dns1123_label, is_dns1123_subdomain, is_qualified_name
from pilothouse.registry.core.container_status_validation import validate_allocated_resources, validate_users
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import NONE, Errors, Obj, matching, required_matching, within

_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
_NOT_NEGATIVE = "must be a non-negative integer"
_STATUSES = (
    ("containerStatuses", "containers"), ("initContainerStatuses", "initContainers"),
    ("ephemeralContainerStatuses", ""),
)
_NO_REQUEST = (
    "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
    "spec.containers.resources.requests"
)
_NO_CONTAINER = "must match the name of an entry in spec.initContainers.name or spec.containers.name"


def validate_pod_status(pod: Obj, old: Obj) -> Errors:
    """The spec of `pod` is the stored one."""
    spec, status, before = pod.get("spec") or {}, pod.get("status") or {}, old.get("status") or {}
    errors = [*_conditions(status.get("conditions") or ())]
    errors += _nominated_node(status, before, spec.get("nodeName") or "")
    if (generation := status.get("observedGeneration") or 0) < 0:
        errors.append(field.invalid("observedGeneration", generation, _NOT_NEGATIVE))
    qos = status.get("qosClass") or ""
    if qos != (before.get("qosClass") or ""):
        errors.append(field.invalid("qosClass", qos, IMMUTABLE))
    errors += _transitions(status, before, spec)
    errors += _resource_claims(status.get("resourceClaimStatuses") or (), spec)
    if (claim := status.get("extendedResourceClaimStatus")) is not None:
        errors += within("extendedResourceClaimStatus", _extended_resource_claim(claim, spec))
    errors += _ips(status.get("podIPs") or (), before.get("podIPs") or (), "podIPs")
    errors += _host_ips(status, before)
    os = (spec.get("os") or {}).get("name") or "linux"
    for name, _ in _STATUSES:
        errors += within(name, validate_users(status.get(name) or (), os))
    for name, kind in _STATUSES:
        errors += within(name, validate_allocated_resources(status.get(name) or (), kind, spec))
    return within("status", errors)


def pod_status_warnings(status: Obj) -> list[str]:
    return [
        text
        for name in ("podIPs", "hostIPs")
        for i, item in enumerate(status.get(name) or ())
        for text in warnings_for_ip(f"status.{name}[{i}].ip", item.get("ip") or "")
    ]


def _conditions(conditions: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    for i, condition in enumerate(conditions):
        kind, generation = condition.get("type") or "", condition.get("observedGeneration") or 0
        if generation < 0:
            errors.append(field.invalid(f"conditions[{i}].observedGeneration", generation, _NOT_NEGATIVE))
        if kind not in _SYSTEM_CONDITIONS:
            # "Type" is upstream's spelling
            errors += [field.invalid(f"conditions[{i}].Type", kind, text) for text in is_qualified_name(kind)]
    return errors


def _nominated_node(status: Obj, before: Obj, node: str) -> Errors:
    name = status.get("nominatedNodeName")
    if not name or name == before.get("nominatedNodeName"):
        return NONE
    errors = [*matching(status, "nominatedNodeName", is_dns1123_subdomain)]
    if node:
        text = "may not be set on pods that are already bound to a node"
        errors.append(field.forbidden("nominatedNodeName", text))
    return errors


# Containers that have ended


def _transitions(status: Obj, before: Obj, spec: Obj) -> Errors:
    """A container that has ended stays so, unless it is to be restarted."""
    errors: list[Error] = []
    for name, kind in _STATUSES:
        old_statuses = before.get(name)
        if not old_statuses or (kind and _could_restart_all(spec)):
            continue
        new = {s.get("name"): s for s in reversed(status.get(name) or ())}
        containers = {c.get("name"): c for c in reversed(spec.get(kind) or ())} if kind else {}
        for i, old in enumerate(old_statuses):
            ended = (old.get("state") or {}).get("terminated")
            now = new.get(old.get("name"))
            if ended is None or now is None or (now.get("state") or {}).get("terminated") is not None:
                continue
            container = containers.get(old.get("name"))
            if container is None or not _should_restart(container, spec, ended.get("exitCode") or 0):
                text = "may not be transitioned to non-terminated state"
                errors.append(field.forbidden(f"{name}[{i}].state", text))
    return errors


def _could_restart_all(spec: Obj) -> bool:
    return any(
        rule.get("action") == "RestartAllContainers"
        for kind in ("initContainers", "containers")
        for container in spec.get(kind) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _should_restart(container: Obj, spec: Obj, code: int) -> bool:
    policy = container.get("restartPolicy")
    if policy is not None and any(_matches(rule, code) for rule in container.get("restartPolicyRules") or ()):
        return True
    policy = policy or spec.get("restartPolicy")
    return code != 0 if policy == "OnFailure" else policy != "Never"


def _matches(rule: Obj, code: int) -> bool:
    codes = rule.get("exitCodes") or {}
    listed = code in (codes.get("values") or ())
    return {"In": listed, "NotIn": not listed}.get(codes.get("operator") or "", False)


# Claims


def _resource_claims(statuses: Sequence[Obj], spec: Obj) -> Errors:
    known = {claim.get("name") for claim in spec.get("resourceClaims") or ()}
    errors: list[Error] = []
    seen: set[str] = set()
    for i, status in enumerate(statuses):
        at, name = f"resourceClaimStatuses[{i}]", status.get("name") or ""
        if name not in known:
            text = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(field.invalid(f"{at}.name", name, text))
        if name in seen:
            errors.append(field.duplicate(f"{at}.name", name))
        seen.add(name)
        if status.get("resourceClaimName") is not None:
            errors += within(at, matching(status, "resourceClaimName", is_dns1123_subdomain))
    return errors


def _extended_resource_claim(claim: Obj, spec: Obj) -> Errors:
    containers = {c.get("name"): c for kind in ("initContainers", "containers") for c in spec.get(kind) or ()}
    mappings = claim.get("requestMappings") or ()
    errors: list[Error] = []
    if not mappings:
        errors.append(field.required("requestMappings", "at least one request mapping is required"))
    seen: set[tuple[str, ...]] = set()
    for i, mapping in enumerate(mappings):
        names = ("containerName", "resourceName", "requestName")
        key = tuple(mapping.get(name) or "" for name in names)
        at, container = f"requestMappings[{i}]", containers.get(key[0])
        if container is None:
            errors.append(field.invalid(f"{at}.containerName", key[0], _NO_CONTAINER))
        elif key[1] not in ((container.get("resources") or {}).get("requests") or {}):
            errors.append(field.invalid(f"{at}.resourceName", key[1], _NO_REQUEST))
        errors += [field.invalid("requestName", key[2], text) for text in is_dns1123_label(key[2])]
        if key in seen:
            errors += [field.duplicate(f"{at}.{name}", value) for name, value in zip(names, key, strict=True)]
        seen.add(key)
    return [*errors, *required_matching(claim, "resourceClaimName", is_dns1123_subdomain)]


# Addresses


def _ips(items: Sequence[Obj], old: Sequence[Obj], name: str) -> Errors:
    if not items:
        return NONE
    texts, kept = [i.get("ip") or "" for i in items], [i.get("ip") or "" for i in old]
    errors: list[Error] = []
    for i, text in enumerate(texts):
        errors += is_valid_ip_for_legacy_field(f"{name}[{i}]", text, valid_old=kept)
    return [*errors, *_families(items, texts, name)] if len(texts) > 1 else errors


def _families(items: Sequence[Obj], texts: Sequence[str], name: str) -> Errors:
    """Of several addresses, one is of each family."""
    errors: list[Error] = []
    versions: set[int] = set()
    for i, text in enumerate(texts):
        address = parse_ip(text)
        if address is None:
            detail = f"failed to check for dual stack with error:invalid IP[{i}]: <nil>"
            errors.append(field.internal(name, detail))
            versions = set()
            break
        versions.add(address.version)
    if len(versions) != 2 or len(texts) > 2:
        kind = "[]core.PodIP" if name == "podIPs" else "[]core.HostIP"
        text = "may specify no more than one IP for each IP family"
        errors.append(field.invalid(name, internal(kind, items), text))
    return errors


def _host_ips(status: Obj, before: Obj) -> Errors:
    items = status.get("hostIPs")
    if not items:
        return NONE
    first = items[0].get("ip") or ""
    errors: list[Error] = []
    if (status.get("hostIP") or "") != first:
        errors.append(field.invalid("hostIPs[0].ip", first, "must be equal to `hostIP`"))
    return [*errors, *_ips(items, before.get("hostIPs") or (), "hostIPs")]
