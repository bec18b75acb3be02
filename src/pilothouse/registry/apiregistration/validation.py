"""Checks of APIServices (upstream: kube-aggregator pkg/apis/apiregistration/validation)."""

from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote
from pilothouse.apimachinery.validation import is_dns1035_label, is_dns1123_subdomain, is_port_number

Object = dict[str, Any]


def validate_api_service(obj: Object) -> list[Error]:
    spec = obj.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    name, wanted = obj["metadata"].get("name") or "", f"{version}.{group}"
    errors = []
    if name and name != wanted:
        text = f'must be `spec.version+"."+spec.group`: {go_quote(wanted)}'
        errors.append(field.invalid("metadata.name", name, text))
    if not group and version != "v1":
        text = "only v1 may have an empty group and it better be legacy kube"
        errors.append(field.required("spec.group", text))
    if group:
        errors += [field.invalid("spec.group", group, text) for text in is_dns1123_subdomain(group)]
    errors += [field.invalid("spec.version", version, text) for text in is_dns1035_label(version)]
    for priority, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(priority) or 0
        if not 0 < value <= limit:
            errors.append(field.invalid(f"spec.{priority}", value, f"must be positive and less than {limit}"))
    service = spec.get("service")
    return errors + (_local_errors(spec) if service is None else _service_errors(spec, service))


def _local_errors(spec: Object) -> list[Error]:
    errors = []
    bundle = spec.get("caBundle")
    if bundle:
        size = len(bundle) * 3 // 4 - bundle[-2:].count("=")
        errors.append(field.invalid("spec.caBundle", f"{size} bytes", "local APIServices may not have a caBundle"))
    if spec.get("insecureSkipTLSVerify"):
        text = "local APIServices may not have insecureSkipTLSVerify"
        errors.append(field.invalid("spec.insecureSkipTLSVerify", True, text))
    return errors


def _service_errors(spec: Object, service: Object) -> list[Error]:
    errors = [field.required(f"spec.service.{name}") for name in ("namespace", "name") if not service.get(name)]
    port = service.get("port") or 0
    texts = is_port_number(port)
    if texts:
        errors.append(field.invalid("spec.service.port", port, "port is not valid: " + ", ".join(texts)))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        text = "may not be true if caBundle is present"
        errors.append(field.invalid("spec.insecureSkipTLSVerify", True, text))
    return errors
