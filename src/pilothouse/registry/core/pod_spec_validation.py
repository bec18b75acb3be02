"""Validation of pod specs, in pods and in templates (upstream: core/validation ValidatePodSpec)."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.ipvalidation import is_valid_ip_for_legacy_field
from pilothouse.apimachinery.metavalidation import validate_labels
from pilothouse.apimachinery.validation import (
    byte_length,
    is_dns1123_label,
    is_dns1123_subdomain,
    is_dns1123_subdomain_with_underscore,
    is_in_range,
)
from pilothouse.registry.core import scheduling_validation as scheduling
from pilothouse.registry.core.container_validation import (
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from pilothouse.registry.core.pod_rules import PodRules, Surroundings
from pilothouse.registry.core.resource_validation import container_resources, pod_level_resources
from pilothouse.registry.core.security_validation import validate_pod_security_context
from pilothouse.registry.core.volume_validation import validate_volumes
from pilothouse.registry.core.windows_validation import containers_with_paths, validate_host_process, validate_os
from pilothouse.registry.internal import internal
from pilothouse.registry.rules import (
    Errors,
    Obj,
    every,
    matching,
    required_one_of,
    too_long,
    within,
)

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_MAX_INT32 = 2**31 - 1
_NAMESERVERS = 3
_SEARCH_PATHS = 32
_SEARCH_LENGTH = 2048
_CLAIM_SOURCES = ("resourceClaimName", "resourceClaimTemplateName")
_HOST_USERS = "when `hostUsers` is false"


def validate_pod_spec(spec: Obj, metadata: Obj | None, rules: PodRules) -> Errors:
    """`metadata` is the pod's or the template's, if there is one. Paths begin at the spec."""
    errors: list[Error] = []
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(field.required("terminationGracePeriodSeconds"))
    volumes, found = validate_volumes(spec.get("volumes") or (), metadata, rules)
    errors += within("volumes", found)
    if claims := spec.get("resourceClaims"):
        errors += within("resourceClaims", _resource_claims(claims))
    os = spec.get("os")
    pod = Surroundings(
        rules=rules,
        volumes=volumes,
        claims=frozenset(c["name"] for c in claims if c.get("name")) if claims else frozenset(),
        grace_period=spec.get("terminationGracePeriodSeconds"),
        os=None if os is None else os.get("name") or "",
        restart_policy=spec.get("restartPolicy") or "",
        host_users=spec.get("hostUsers") is not False,
    )
    errors += _containers(spec, pod)
    if spec.get("resources") is not None:
        errors += pod_level_resources(spec, pod.claims, rules)
    if spec.get("hostNetwork"):
        errors += _host_network_ports(spec, rules)
    errors += required_one_of(spec, "restartPolicy", _RESTART_POLICIES)
    errors += required_one_of(spec, "dnsPolicy", _DNS_POLICIES)
    if labels := spec.get("nodeSelector"):
        errors += validate_labels(labels, "nodeSelector")
    errors += within("securityContext", validate_pod_security_context(spec, rules))
    errors += _where_and_how(spec, rules)
    errors += _names(spec)
    return [*errors, *_rest(spec, rules)]


def _containers(spec: Obj, pod: Surroundings) -> Errors:
    regular = spec.get("containers") or ()
    errors = [*within("containers", validate_containers(regular, pod))]
    initial = spec.get("initContainers") or ()
    if initial:
        errors += within("initContainers", validate_init_containers(initial, regular, pod))
    if ephemeral := spec.get("ephemeralContainers"):
        found = validate_ephemeral_containers(ephemeral, [*regular, *initial], pod)
        errors += within("ephemeralContainers", found)
    return errors


def _resource_claims(claims: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        found: list[Error] = []
        name = claim.get("name")
        if not name:
            found.append(field.required("name"))
        elif name in seen:
            found.append(field.duplicate("name", name))
        else:
            found += matching(claim, "name", is_dns1123_label)
            seen.add(name)
        given = [source for source in _CLAIM_SOURCES if claim.get(source) is not None]
        if len(given) > 1:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            found.append(field.invalid("", internal("core.PodResourceClaim", claim), text))
        if not given:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            found.append(field.invalid("", internal("core.PodResourceClaim", claim), text))
        for source in given:
            found += matching(claim, source, is_dns1123_subdomain)
        errors += within(f"[{i}]", found)
    return errors


def _host_network_ports(spec: Obj, rules: PodRules) -> Errors:
    text = "must match `containerPort` when `hostNetwork` is true"
    errors: list[Error] = []
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if (rules.is_pod or host) and host != (port.get("containerPort") or 0):
                errors.append(field.invalid(f"containers[{i}].ports[{j}].hostPort", host, text))
    return errors


def _where_and_how(spec: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    if affinity := spec.get("affinity"):
        errors += within("affinity", scheduling.validate_affinity(affinity, rules))
    if spec.get("dnsConfig") is not None or spec.get("dnsPolicy") == "None":
        errors += within("dnsConfig", _dns_config(spec.get("dnsConfig"), spec.get("dnsPolicy") == "None"))
    if gates := spec.get("readinessGates"):
        errors += within("readinessGates", scheduling.validate_readiness_gates(gates))
    if gates := spec.get("schedulingGates"):
        errors += within("schedulingGates", scheduling.validate_scheduling_gates(gates))
    if constraints := spec.get("topologySpreadConstraints"):
        found = scheduling.validate_spread_constraints(constraints, rules)
        errors += within("topologySpreadConstraints", found)
    errors += validate_host_process(spec, rules)
    if spec.get("hostUsers") is False:
        errors += _host_users(spec, rules)
    if spec.get("hostnameOverride") is not None:
        errors += _hostname_override(spec)
    return errors


def _dns_config(config: Obj | None, required: bool) -> Errors:
    """`required`: dnsPolicy None leaves everything to the config."""
    if config is None:
        return (field.required("", "must provide `dnsConfig` when `dnsPolicy` is None"),)
    servers, searches = config.get("nameservers") or (), config.get("searches") or ()
    if required and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return (field.required("nameservers", text),)
    errors: list[Error] = []
    if len(servers) > _NAMESERVERS:
        errors.append(field.invalid("nameservers", servers, f"must not have more than {_NAMESERVERS} nameservers"))
    for i, server in enumerate(servers):
        errors += is_valid_ip_for_legacy_field(f"nameservers[{i}]", server)
    if len(searches) > _SEARCH_PATHS:
        errors.append(field.invalid("searches", searches, f"must not have more than {_SEARCH_PATHS} search paths"))
    if byte_length(" ".join(searches)) > _SEARCH_LENGTH:
        text = f"must not have more than {_SEARCH_LENGTH} characters (including spaces) in the search list"
        errors.append(field.invalid("searches", searches, text))
    for i, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            texts = is_dns1123_subdomain_with_underscore(domain)
            errors += [field.invalid(f"searches[{i}]", domain, text) for text in texts]
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(field.required(f"options[{i}]", "must not be empty"))
    return errors


def _host_users(spec: Obj, rules: PodRules) -> Errors:
    """A user namespace of its own excludes the other namespaces of the host."""
    names = (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
    errors = [field.forbidden(shown, _HOST_USERS) for name, shown in names if spec.get(name)]
    if not rules.user_namespace_devices:
        errors += [
            field.forbidden(f"{at}.volumeDevices", _HOST_USERS)
            for at, container in containers_with_paths(spec)
            if container.get("volumeDevices")
        ]
    return errors


def _hostname_override(spec: Obj) -> Errors:
    errors: list[Error] = []
    for name in ("setHostnameAsFQDN", "hostNetwork"):
        if spec.get(name):
            errors.append(field.forbidden("hostnameOverride", f"may not be specified when {name} is true"))
    errors += too_long(spec, "hostnameOverride", 64)
    return [*errors, *matching(spec, "hostnameOverride", is_dns1123_subdomain)]


def _names(spec: Obj) -> Errors:
    errors: list[Error] = []
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            errors += matching(spec, name, is_dns1123_subdomain)
    if (seconds := spec.get("activeDeadlineSeconds")) is not None:
        texts = is_in_range(seconds, 1, _MAX_INT32)
        errors += [field.invalid("activeDeadlineSeconds", seconds, text) for text in texts]
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            errors += matching(spec, name, is_dns1123_label)
    if tolerations := spec.get("tolerations"):
        errors += within("tolerations", scheduling.validate_tolerations(tolerations))
    if aliases := spec.get("hostAliases"):
        errors += within("hostAliases", every(aliases, _host_alias))
    if spec.get("priorityClassName"):
        errors += matching(spec, "priorityClassName", is_dns1123_subdomain)
    if spec.get("runtimeClassName") is not None:
        errors += matching(spec, "runtimeClassName", is_dns1123_subdomain)
    return errors


def _host_alias(alias: Obj) -> Errors:
    errors = [*is_valid_ip_for_legacy_field("ip", alias.get("ip") or "")]
    for j, name in enumerate(alias.get("hostnames") or ()):
        errors += [field.invalid(f"hostnames[{j}]", name, text) for text in is_dns1123_subdomain(name)]
    return errors


def _rest(spec: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    if spec.get("preemptionPolicy") is not None:
        errors += required_one_of(spec, "preemptionPolicy", _PREEMPTION_POLICIES)
    if overhead := spec.get("overhead"):
        errors += within("overhead", container_resources({"limits": overhead}, frozenset(), rules))
    if spec.get("os") is not None:
        errors += validate_os(spec)
    if (group := spec.get("schedulingGroup")) is not None:
        errors += within("schedulingGroup", scheduling.validate_scheduling_group(group))
    return [*errors, *_file_key_volumes(spec)]


def _file_key_volumes(spec: Obj) -> Errors:
    """Variables may be read from files in empty directories only."""
    errors: list[Error] = []
    volumes: dict[str, Obj] | None = None
    for at, container in containers_with_paths(spec):
        for j, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            if volumes is None:
                volumes = {v.get("name") or "": v for v in spec.get("volumes") or ()}
            name = reference.get("volumeName") or ""
            path = f"{at}.env[{j}].valueFrom.fileKeyRef.volumeName"
            if name not in volumes:
                errors.append(field.not_found(path, name))
            elif "emptyDir" not in volumes[name]:
                errors.append(field.invalid(path, name, "referenced volume must be of type emptyDir"))
    return errors
