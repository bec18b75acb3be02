"""The rules of API services (upstream: kube-aggregator pkg/registry/apiservice)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field, meta, names, validation
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import WithStatus, keep

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context


_STATUSES = ("True", "False", "Unknown")


class APIServiceStrategy(WithStatus):
    """A group that this server itself serves is available at once. `clock` gives Unix seconds."""

    allow_unconditional_update = False
    names_follow_spec = True

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def name_validator(self, obj: Object) -> names.NameValidator:
        spec = obj.get("spec") or {}
        wanted = f"{spec.get('version', '')}.{spec.get('group', '')}"
        text = f'must be `spec.version+"."+spec.group`: {field.go_quote(wanted)}'
        return lambda name, prefix: names.is_path_segment(name) or ([text] if name != wanted else [])

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        if (obj.get("spec") or {}).get("service") is None:
            obj["status"] = {
                "conditions": [
                    {
                        "type": "Available",
                        "status": "True",
                        "lastTransitionTime": meta.format_time(self._clock()),
                        "reason": "Local",
                        "message": "Local APIServices are always available",
                    }
                ]
            }

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return validate_api_service(obj)

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return validate_api_service(obj)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        conditions = (obj.get("status") or {}).get("conditions") or ()
        return [
            field.not_supported(f"status.conditions[{at}].status", condition.get("status", ""), _STATUSES)
            for at, condition in enumerate(conditions) if condition.get("status") not in _STATUSES
        ]

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj["metadata"], old["metadata"], "labels", "annotations", "finalizers", "ownerReferences")


def validate_api_service(obj: Object) -> list[field.Error]:
    """upstream: apis/apiregistration/validation"""
    spec = obj.get("spec") or {}
    group, version = spec.get("group", ""), spec.get("version", "")
    errors: list[field.Error] = []
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        errors.append(field.required("spec.group", detail))
    if group:
        errors += [field.invalid("spec.group", group, text) for text in validation.is_dns1123_subdomain(group)]
    errors += [field.invalid("spec.version", version, text) for text in validation.is_dns1035_label(version)]
    for key, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < (value := spec.get(key, 0)) <= limit:
            errors.append(field.invalid(f"spec.{key}", value, f"must be positive and less than {limit}"))
    service = spec.get("service")
    return errors + (_local(spec) if service is None else _remote(spec, service))


def _local(spec: Object) -> list[field.Error]:
    errors = []
    if bundle := spec.get("caBundle"):
        size = f"{len(base64.b64decode(bundle))} bytes"
        errors.append(field.invalid("spec.caBundle", size, "local APIServices may not have a caBundle"))
    if spec.get("insecureSkipTLSVerify"):
        detail = "local APIServices may not have insecureSkipTLSVerify"
        errors.append(field.invalid("spec.insecureSkipTLSVerify", True, detail))
    return errors


def _remote(spec: Object, service: Object) -> list[field.Error]:
    errors = [field.required(f"spec.service.{key}") for key in ("namespace", "name") if not service.get(key)]
    port = service.get("port", 0)
    if texts := validation.is_port_number(port):
        errors.append(field.invalid("spec.service.port", port, "port is not valid: " + ", ".join(texts)))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        errors.append(field.invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return errors
