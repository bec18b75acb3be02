"""Validation of requests, limits and claims (upstream: core/validation ValidateContainerResourceRequirements)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_dns1123_label
from pilothouse.registry.core.amounts import is_amount, is_integer_amount, parsed
from pilothouse.registry.core.pod_resources import aggregate
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.resource_names import (
    is_container_resource_name,
    is_divisible_by_page,
    is_huge_pages,
    is_integer,
    is_overcommit_allowed,
    is_resource_name,
)
from pilothouse.registry.rules import NONE, Errors, Obj, within

#: Says what is wrong with the name of a resource, at the empty path.
_Named = Callable[[str], Errors]
_COMPUTE = frozenset({"cpu", "memory"})
_POD_LEVEL = ("cpu", "hugepages-", "memory")


def container_resources(resources: Obj, claims: Set[str], rules: PodRules) -> Errors:
    """`claims`: the names that the pod gives its resource claims."""
    return _requirements(resources, _container_name, claims, rules)


def resource_amount(name: str, amount: str) -> Errors:
    """The quantity of one resource: not negative, and whole if it is counted."""
    texts = is_integer_amount(amount) if is_integer(name) else is_amount(amount)
    return [field.invalid("", amount, text) for text in texts] if texts else NONE


def _container_name(name: str) -> Errors:
    texts = is_container_resource_name(name)
    return [field.invalid("", name, text) for text in texts] if texts else NONE


def _pod_level_name(name: str) -> Errors:
    if texts := is_resource_name(name):
        return [field.invalid("", name, text) for text in texts]
    return NONE if name in _COMPUTE or is_huge_pages(name) else (field.not_supported("", name, _POD_LEVEL),)


def _requirements(resources: Obj, named: _Named, claims: Set[str], rules: PodRules) -> Errors:
    limits: Mapping[str, str] = resources.get("limits") or {}
    requests: Mapping[str, str] = resources.get("requests") or {}
    errors: list[Error] = []
    for name, amount in limits.items():
        if found := _amount(name, amount, named, rules):
            errors += within(f"limits[{name}]", found)
    for name, amount in requests.items():
        *before, pages = _amount_parts(name, amount, named, rules)
        for found in before:
            if found:
                errors += within(f"requests[{name}]", found)
        limit = limits.get(name)
        if limit != amount:
            errors += _within_limit(name, amount, limit)
        if pages:
            errors += within(f"requests[{name}]", pages)
    names = limits.keys() | requests.keys()
    if _COMPUTE.isdisjoint(names) and any(is_huge_pages(name) for name in names):
        errors.append(field.forbidden("", "HugePages require cpu or memory"))
    if wanted := resources.get("claims"):
        errors += within("claims", _claims(wanted, claims))
    return errors


def _amount_parts(name: str, amount: str, named: _Named, rules: PodRules) -> tuple[Errors, Errors, Errors]:
    """What is wrong with the name, the amount, and the number of pages."""
    pages: Errors = NONE
    if is_huge_pages(name) and not rules.indivisible_huge_pages and not is_divisible_by_page(name, amount):
        pages = (field.invalid("", amount, f"{amount} is not positive integer multiple of {name}"),)
    return named(name), resource_amount(name, amount), pages


def _amount(name: str, amount: str, named: _Named, rules: PodRules) -> Errors:
    return [error for found in _amount_parts(name, amount, named, rules) for error in found]


def _within_limit(name: str, amount: str, limit: str | None) -> Errors:
    """A request against the limit of the same resource."""
    if limit is None:
        if is_overcommit_allowed(name):
            return NONE
        return (field.required("limits", "Limit must be set for non overcommitable resources"),)
    request, allowed = parsed(amount), parsed(limit)
    if request != allowed and not is_overcommit_allowed(name):
        return (field.invalid("requests", amount, f"must be equal to {name} limit of {limit}"),)
    if request > allowed:
        return (field.invalid("requests", amount, f"must be less than or equal to {name} limit of {limit}"),)
    return NONE


def _claims(wanted: Sequence[Obj], known: Set[str]) -> Errors:
    errors: list[Error] = []
    seen: set[str] = set()
    requests: Counter[str] = Counter()
    among = ": " + ", ".join(sorted(known)) if known else " which is empty"
    text = "must be one of the names in pod.spec.resourceClaims" + among
    for i, claim in enumerate(wanted):
        at, name = f"[{i}]", claim.get("name")
        if not name:
            errors.append(field.required(at))
            continue
        errors += _unique_claim(at, claim, name, seen, requests)
        if name not in known:
            errors.append(Error(field.NOT_FOUND, at, name, text))
    return errors


def _unique_claim(at: str, claim: Obj, name: str, seen: set[str], requests: Counter[str]) -> Errors:
    """A claim may be asked for as a whole, or request by request, each once. Adds it to `seen`, and to the number of
    requests that the claim has been asked for by."""
    if name in seen:
        return (field.duplicate(at, name),)
    errors: list[Error] = []
    request = claim.get("request")
    key = f"{name}/{request}" if request else name
    if request:
        errors += [field.invalid(f"{at}.request", request, text) for text in is_dns1123_label(request)]
    if key in seen:
        errors.append(field.duplicate(at, key))
    elif not request:
        errors += [field.duplicate(at, name)] * requests[name]
    if request and key not in seen:
        requests[name] += 1
    seen.add(key)
    return errors


def pod_level_resources(spec: Obj, claims: Set[str], rules: PodRules) -> Errors:
    """spec.resources, where it is set; paths begin at "resources"."""
    resources = spec["resources"]
    if (spec.get("os") or {}).get("name") == "windows":
        return (field.forbidden("resources", "may not be set for a windows pod"),)
    errors: list[Error] = []
    if resources.get("claims") is not None:
        errors.append(field.forbidden("resources.claims", "claims may not be set for Resources at pod-level"))
    errors += within("resources", _requirements(resources, _pod_level_name, claims, rules))
    return [*errors, *within("resources", _consistency(spec, resources))]


def _consistency(spec: Obj, resources: Obj) -> Errors:
    """The pod as a whole asks for no less than its containers."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: list[Error] = []
    for name, total in sorted(aggregate(spec, "requests").items()):
        if name in requests and total > parsed(requests[name]):
            text = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(field.invalid(f"requests[{name}]", requests[name], text))
    for name, total in sorted(aggregate(spec, "limits").items()):
        if is_huge_pages(name) and name in limits and total > parsed(limits[name]):
            text = f"must be greater than or equal to aggregate container limits of {total}"
            errors.append(field.invalid(f"limits[{name}]", limits[name], text))
    for i, container in enumerate(spec.get("containers") or ()):
        for name, limit in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and parsed(limit) > parsed(limits[name]):
                text = f"must be less than or equal to pod limits of {limits[name]}"
                errors.append(field.invalid(f"containers[{i}][{name}].limits", limit, text))
    return errors
