"""Validation of the statuses of containers (upstream: core/validation validateContainerStatus…).

Checks take a list of statuses and where the spec has its containers ("" for ephemeral ones).
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import is_user_id
from pilothouse.registry.rules import NONE, Errors, Obj, every, one_of, too_long, within

_HEALTH = ("Healthy", "Unhealthy", "Unknown")
_LONGEST_MESSAGE = 1024
_NO_CLAIM = (
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
    "'claim:<claimName>' if request is empty"
)
_NO_REQUEST = "must match one of the container's resource requests"


def validate_users(statuses: Sequence[Obj], os: str) -> Errors:
    return every(statuses, lambda status: _user(status.get("user"), os))


def _user(user: Obj | None, os: str) -> Errors:
    linux = (user or {}).get("linux")
    if linux is None:
        return NONE
    if os == "windows":
        return (field.forbidden("user.linux", "cannot be set for a windows pod"),)
    ids = [("uid", linux.get("uid") or 0), ("gid", linux.get("gid") or 0)]
    ids += [(f"supplementalGroups[{i}]", group) for i, group in enumerate(linux.get("supplementalGroups") or ())]
    return [field.invalid(f"user.linux.{name}", id, text) for name, id in ids for text in is_user_id(id)]


def validate_allocated_resources(statuses: Sequence[Obj], kind: str, spec: Obj) -> Errors:
    """What devices a container was given, and how they are."""
    if not kind:
        text = "must not be specified in container status"
        return [
            field.forbidden(f"[{i}].allocatedResourcesStatus", text)
            for i, status in enumerate(statuses)
            if status.get("allocatedResourcesStatus")
        ]
    containers = {c.get("name"): c for c in reversed(spec.get(kind) or ())}
    errors: list[Error] = []
    for i, status in enumerate(statuses):
        container = containers.get(status.get("name"))
        for j, allocated in enumerate(status.get("allocatedResourcesStatus") or ()):
            errors += within(f"[{i}].allocatedResourcesStatus[{j}]", _allocated(allocated, container))
    return errors


def _allocated(allocated: Obj, container: Obj | None) -> Errors:
    errors: list[Error] = []
    name = allocated.get("name") or ""
    if container is not None:
        resources = container.get("resources") or {}
        claimed = name.startswith("claim:")
        known = _claim_names(resources) if claimed else resources.get("requests") or ()
        if name not in known:
            errors.append(field.invalid("name", name, _NO_CLAIM if claimed else _NO_REQUEST))
    seen: set[str] = set()
    for k, resource in enumerate(allocated.get("resources") or ()):
        found = [*one_of(resource, "health", _HEALTH)]
        if resource.get("message") == "":
            found.append(field.required("message", "must be non-empty if specified"))
        found += too_long(resource, "message", _LONGEST_MESSAGE)
        id = resource.get("resourceID") or ""
        if id in seen:
            found.append(field.duplicate("resourceID", id))
        seen.add(id)
        errors += within(f"resources[{k}]", found)
    return errors


def _claim_names(resources: Obj) -> set[str]:
    return {
        f"claim:{c.get('name')}" + (f"/{c['request']}" if c.get("request") else "")
        for c in resources.get("claims") or ()
    }
