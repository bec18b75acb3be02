"""What clients are warned of in pods and pod templates (upstream: pkg/api/pod/warnings.go).

Warnings name the whole path: `base` is "" for a pod and "spec.template." for the template of a controller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.ipvalidation import warnings_for_ip
from pilothouse.registry.core.amounts import parsed
from pilothouse.registry.core.pod_annotation_validation import (
    APP_ARMOR,
    SECCOMP_CONTAINER,
    SECCOMP_POD,
    app_armor_profile,
)
from pilothouse.registry.core.volume_warnings import volume_warnings
from pilothouse.registry.core.windows_validation import containers_with_paths
from pilothouse.registry.node_labels import DEPRECATED, term_warnings
from pilothouse.registry.rules import Obj

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_BYTES = ("memory", "ephemeral-storage")
#: More clashes of ports than headers have room for.
_MOST_CLASHES = 100
_NULL_SELECTOR = "a null labelSelector results in matching no pod"
_USE_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_USE_APP_ARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_DEAD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}


def pod_warnings(pod: Obj) -> list[str]:
    return [*_warnings(pod, "")]


def template_warnings(template: Obj, base: str) -> list[str]:
    """`base` is the path of the template and a dot."""
    return [*_warnings(template, base)]


def _warnings(pod: Obj, base: str) -> Iterator[str]:
    spec = pod.get("spec") or {}
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    at = f"{base}spec"
    yield from _placement(spec, at)
    for key, text in _DEAD_ANNOTATIONS.items() if annotations else ():
        if key in annotations:
            yield f"{base}metadata.annotations[{key}]: {text}"
    yield from volume_warnings(spec.get("volumes") or (), at)
    yield from _duplicates(spec, at)
    if overhead := spec.get("overhead"):
        yield from _fractions(overhead, f"{at}.overhead")
    if annotations:
        yield from _profile_annotations(spec, annotations, base)
    for path, container in containers_with_paths(spec):
        yield from _container(container, f"{at}.{path}")
    yield from _ports(spec, at)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield f"{at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _null_selectors(spec.get("affinity") or {}, f"{at}.affinity")
    for i, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from warnings_for_ip(f"{at}.dnsConfig.nameservers[{i}]", server)
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        yield from warnings_for_ip(f"{at}.hostAliases[{i}].ip", alias.get("ip") or "")


def _placement(spec: Obj, at: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if key in DEPRECATED:
            yield f"{at}.nodeSelector[{key}]: {DEPRECATED[key]}"
    if nodes := (spec.get("affinity") or {}).get("nodeAffinity"):
        path = f"{at}.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
        for i, term in enumerate((nodes.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
            yield from term_warnings(term, f"{path}[{i}]")
        for i, term in enumerate(nodes.get(_PREFERRED) or ()):
            path = f"{at}.affinity.nodeAffinity.{_PREFERRED}[{i}].preference"
            yield from term_warnings(term.get("preference") or {}, path, values_too=True)
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        path, key = f"{at}.topologySpreadConstraints[{i}]", constraint.get("topologyKey")
        if key in DEPRECATED:
            yield f"{path}.topologyKey: {key} is {DEPRECATED[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{path}.labelSelector: {_NULL_SELECTOR}"


def _null_selectors(affinity: Obj, at: str) -> Iterator[str]:
    for name in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(name) or {}
        for i, term in enumerate(pods.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{at}.{name}.{_REQUIRED}[{i}].labelSelector: {_NULL_SELECTOR}"
        for i, weighted in enumerate(pods.get(_PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{at}.{name}.{_PREFERRED}[{i}].podAffinityTerm.labelSelector: {_NULL_SELECTOR}"


def _duplicates(spec: Obj, at: str) -> Iterator[str]:
    yield from _duplicate_keys(spec.get("hostAliases") or (), "ip", f"{at}.hostAliases")
    secrets = spec.get("imagePullSecrets") or ()
    yield from _duplicate_keys(secrets, "name", f"{at}.imagePullSecrets")
    for i, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{at}.imagePullSecrets[{i}].name: invalid empty name ""'


def _duplicate_keys(items: Sequence[Obj], key: str, at: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, item in enumerate(items):
        value = item.get(key) or ""
        if value in seen:
            yield f"{at}[{i}].{key}: duplicate {key} {field.go_quote(value)}"
        seen.add(value)


def _fractions(amounts: Obj, at: str) -> Iterator[str]:
    """Parts of bytes."""
    for name in _BYTES:
        amount = amounts.get(name)
        if amount is not None and parsed(amount).milli_value() % 1000:
            yield f"{at}[{name}]: fractional byte value {field.go_quote(amount)} is invalid, must be an integer"


def _profile_annotations(spec: Obj, annotations: Obj, base: str) -> Iterator[str]:
    context = spec.get("securityContext") or {}
    if SECCOMP_POD in annotations and context.get("seccompProfile") is None:
        yield f"{base}metadata.annotations[{SECCOMP_POD}]: {_USE_SECCOMP}"
    for _, container in containers_with_paths(spec):
        own, name = container.get("securityContext") or {}, container.get("name") or ""
        key = SECCOMP_CONTAINER + name
        if key in annotations and own.get("seccompProfile") is None:
            yield f"{base}metadata.annotations[{key}]: {_USE_SECCOMP}"
        # of pods, whoever makes fields of the annotations warns
        key = APP_ARMOR + name
        if base and key in annotations and own.get("appArmorProfile") is None:
            profile = context.get("appArmorProfile")
            if profile is None or profile != app_armor_profile(annotations[key]):
                yield f"{base}metadata.annotations[{key}]: {_USE_APP_ARMOR}"


def _container(container: Obj, at: str) -> Iterator[str]:
    if resources := container.get("resources"):
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in _BYTES:
            for what, amounts in (("limits", limits), ("requests", requests)):
                if name in amounts:
                    yield from _fractions({name: amounts[name]}, f"{at}.resources.{what}")
    variables = container.get("env") or ()
    if len(variables) > 1:
        yield from _hidden_variables(variables, f"{at}.env")


def _hidden_variables(variables: Sequence[Obj], at: str) -> Iterator[str]:
    """A second definition is good only if it adds to the first."""
    seen: set[str] = set()
    for i, variable in enumerate(variables):
        name, value = variable.get("name") or "", variable.get("value") or ""
        if name not in seen:
            seen.add(name)
            continue
        reference = f"$({name})"
        if "valueFrom" in variable or value == reference or reference not in value:
            shown = field.go_quote(name)
            yield f"{at}[{i}]: hides previous definition of {shown}, which may be dropped when using apply"


def _ports(spec: Obj, at: str) -> Iterator[str]:
    ports = [
        (f"{at}.{path}.ports[{i}]", port)
        for path, container in containers_with_paths(spec)
        for i, port in enumerate(container.get("ports") or ())
    ]
    seen: dict[tuple[Any, Any], _Definitions] = defaultdict(_Definitions)
    left = _MOST_CLASHES
    for path, port in ports:
        if port.get("hostIP") and not port.get("hostPort"):
            yield f"{path}: hostIP set without hostPort: {_shown(port)}"
        others = seen[port.get("containerPort"), port.get("protocol")]
        for other_path, other in others.clashing(port) if left > 0 else ():
            left -= 1
            yield f"{path}: {_clash(port, other)} port definition with {other_path}"
        others.add(path, port)
    names: dict[str, str] = {}
    for path, port in ports:
        if name := port.get("name"):
            first = names.setdefault(name, path)
            if first != path:
                yield (
                    f"{path}: duplicate port name {field.go_quote(name)} with {first}, services and probes that "
                    f"select ports by name will use {first}"
                )


class _Definitions:
    """Those of one container port, found by their host ports and IPs."""

    def __init__(self) -> None:
        self._all: list[tuple[str, Obj]] = []
        self._without_number: list[int] = []
        self._at: dict[tuple[int, str], list[int]] = defaultdict(list)
        """(host port, host IP) → places in `_all`."""
        self._with_ip: dict[int, list[int]] = defaultdict(list)

    def add(self, path: str, port: Obj) -> None:
        ip, number = _host(port)
        place = len(self._all)
        self._all.append((path, port))
        self._at[number, ip].append(place)
        if not number:
            self._without_number.append(place)
        if ip:
            self._with_ip[number].append(place)

    def clashing(self, port: Obj) -> list[tuple[str, Obj]]:
        """Those that `port` clashes with, in order."""
        ip, number = _host(port)
        if not number:
            return self._all
        ambiguous = self._at[number, ""] if ip else self._with_ip[number]
        return [self._all[i] for i in sorted([*self._without_number, *self._at[number, ip], *ambiguous])]


def _host(port: Obj) -> tuple[str, int]:
    return port.get("hostIP") or "", port.get("hostPort") or 0


def _clash(port: Obj, other: Obj) -> str:
    """What two definitions of the same container port that clash are to each other."""
    number, other_number = _host(port)[1], _host(other)[1]
    if _host(port) == _host(other):
        return "duplicate"
    return "dangerously ambiguous" if number and other_number else "overlapping"


def _shown(port: Obj) -> str:
    """A port as Go prints the struct."""
    return (
        f"{{Name:{port.get('name') or ''} HostPort:{port.get('hostPort') or 0} "
        f"ContainerPort:{port.get('containerPort') or 0} Protocol:{port.get('protocol') or ''} "
        f"HostIP:{port.get('hostIP') or ''}}}"
    )
