"""What is audited, and how much of it (upstream: k8s.io/apiserver pkg/audit/policy, pkg/apis/audit/validation)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.componentconfig import BOOL, STRING, Loaded, list_of, load, pointer, struct, text_of
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.validation import is_dns1123_subdomain

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.apimachinery.user import User

LEVELS: Final = ("None", "Metadata", "Request", "RequestResponse")
NONE, METADATA, REQUEST, REQUEST_RESPONSE = range(4)
"""Levels as numbers, the more the higher."""

REQUEST_RECEIVED: Final = "RequestReceived"
RESPONSE_STARTED: Final = "ResponseStarted"
RESPONSE_COMPLETE: Final = "ResponseComplete"
PANIC: Final = "Panic"
STAGES: Final = (REQUEST_RECEIVED, RESPONSE_STARTED, RESPONSE_COMPLETE, PANIC)

_MOST = 4096
"""Decisions that are remembered."""
_LONGEST = 256
"""Characters of a path whose decision is."""

_STRINGS = list_of(STRING)
_STAGES = list_of(text_of("v1.Stage"))
_RULE = struct(
    "v1.PolicyRule", level=text_of("v1.Level"), users=_STRINGS, userGroups=_STRINGS, verbs=_STRINGS,
    resources=list_of(struct("v1.GroupResources", group=STRING, resources=_STRINGS, resourceNames=_STRINGS)),
    namespaces=_STRINGS, nonResourceURLs=_STRINGS, omitStages=_STAGES, omitManagedFields=pointer(BOOL),
)
_POLICY = struct("v1.Policy", rules=list_of(_RULE), omitStages=_STAGES, omitManagedFields=BOOL)
_INTERNAL = GroupVersionKind("audit.k8s.io", "__internal", "Policy")
_KINDS = {GroupVersionKind("audit.k8s.io", "v1", "Policy"): _POLICY} | {
    # what is known, but is no policy of that version
    gvk: struct("v1.Other") for gvk in (
        _INTERNAL, *(GroupVersionKind("audit.k8s.io", "v1", kind) for kind in ("Event", "EventList", "PolicyList"))
    )
}
_SCHEME = "k8s.io/apiserver/pkg/audit/scheme.go:30"


@dataclass(frozen=True, slots=True)
class RequestConfig:
    """How one request is audited (upstream: RequestAuditConfig)."""

    level: int
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False


_Key = tuple[object, ...]


class Policy:
    """The rules of a file; the first that matches a request decides. Decisions are remembered by all that the rules
    look at."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        stages = frozenset(spec.get("omitStages") or ())
        fields = bool(spec.get("omitManagedFields"))
        self._rules = [
            (_Rule(rule), RequestConfig(
                LEVELS.index(rule["level"]), stages | frozenset(rule.get("omitStages") or ()),
                rule.get("omitManagedFields", fields),
            ))
            for rule in spec["rules"]
        ]
        self._default = RequestConfig(NONE, stages, fields)
        self._always = self._rules[0][1] if self._rules and self._rules[0][0].matches_all else None
        rules = [rule for rule, _ in self._rules]
        self._sees_groups = any(rule.sees_groups for rule in rules)
        self._sees_names = any(rule.sees_names for rule in rules)
        self._sees_paths = any(rule.sees_paths for rule in rules)
        self._known: dict[_Key, RequestConfig] = {}

    def evaluate(self, user: User | None, info: RequestInfo) -> RequestConfig:
        """`user` is None for a request that could not be authenticated."""
        if self._always is not None:
            return self._always
        if len(info.path) > _LONGEST:
            return self._decide(user, info)
        key = self._key(user, info)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[key] = self._decide(user, info)
        return known

    def _key(self, user: User | None, info: RequestInfo) -> _Key:
        who = None if user is None else (user.name, user.groups if self._sees_groups else ())
        if not info.is_resource_request:
            return who, info.verb, info.path if self._sees_paths else ""
        return (
            who, info.verb, info.api_group, info.resource, info.subresource, info.namespace,
            info.name if self._sees_names else "",
        )

    def _decide(self, user: User | None, info: RequestInfo) -> RequestConfig:
        for rule, config in self._rules:
            if rule.matches(user, info):
                return config
        return self._default


class _Rule:
    """One rule; what it does not name matches everything."""

    def __init__(self, rule: Mapping[str, Any]) -> None:
        self._users = frozenset(rule.get("users") or ())
        self._groups = frozenset(rule.get("userGroups") or ())
        self._verbs = frozenset(rule.get("verbs") or ())
        self._namespaces = frozenset(rule.get("namespaces") or ())
        self._resources = [_Resources(entry) for entry in rule.get("resources") or ()]
        self._paths: Sequence[str] = rule.get("nonResourceURLs") or ()
        self.matches_all = not (
            self._users or self._groups or self._verbs or self._namespaces or self._resources or self._paths
        )
        self.sees_groups = bool(self._groups)
        self.sees_names = any(entry.sees_names for entry in self._resources)
        self.sees_paths = bool(self._paths)

    def matches(self, user: User | None, info: RequestInfo) -> bool:
        if self._users and (user is None or user.name not in self._users):
            return False
        if self._groups and (user is None or self._groups.isdisjoint(user.groups)):
            return False
        if self._verbs and info.verb not in self._verbs:
            return False
        if self._namespaces or self._resources:
            return self._matches_resource(info)
        if self._paths:
            return not info.is_resource_request and any(_path_matches(info.path, path) for path in self._paths)
        return True

    def _matches_resource(self, info: RequestInfo) -> bool:
        if not info.is_resource_request:
            return False
        if self._namespaces and info.namespace not in self._namespaces:
            return False
        return not self._resources or any(entry.matches(info) for entry in self._resources)


class _Resources:
    """Resources of one group."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self._group = entry.get("group") or ""
        self._resources: Collection[str] = frozenset(entry.get("resources") or ())
        self._names = frozenset(entry.get("resourceNames") or ())
        self.sees_names = bool(self._names)

    def matches(self, info: RequestInfo) -> bool:
        if self._group not in ("*", info.api_group):
            return False
        if not self._resources:
            return True
        if self._names and info.name not in self._names:
            return False
        wanted = {"*", f"{info.resource}/*", info.resource}
        if info.subresource:
            wanted = {"*", f"{info.resource}/*", f"{info.resource}/{info.subresource}", f"*/{info.subresource}"}
        return not wanted.isdisjoint(self._resources)


def _path_matches(path: str, spec: str) -> bool:
    return spec in ("*", path) or (spec.endswith("*") and path.startswith(spec.rstrip("*")))


def load_policy(path: Path) -> tuple[Policy, str]:
    """The policy of a file, and what strict decoding does not like about it (upstream goes on without that).

    Raises ValueError for one that cannot be used.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        action = "read" if isinstance(e, IsADirectoryError) else "open"
        reason = e.strerror.lower() if e.strerror else str(e)
        raise ValueError(f'failed to read file path "{path}": {action} {path}: {reason}') from None
    try:
        loaded = _decoded(data)
        if errors := list(_validate(loaded.obj)):
            raise ValueError(aggregate(errors))
        if not loaded.obj.get("rules"):
            raise ValueError("loaded illegal policy with 0 rules")
    except ValueError as e:
        raise ValueError(f"{e}: from file {path}") from None
    return Policy(loaded.obj), loaded.strict_error


def _decoded(data: bytes) -> Loaded:
    """Raises ValueError."""
    try:
        loaded = load(data, _KINDS, into=_INTERNAL, scheme=_SCHEME)
    except ValueError as e:
        raise ValueError(f"failed decoding: {e}") from None
    gvk = loaded.gvk
    if gvk.kind != _INTERNAL.kind:
        raise ValueError(f"failed decoding: converting (v1.{gvk.kind}) to (audit.Policy): unknown conversion")
    if gvk == _INTERNAL:
        # also of a file that does not say what it is
        raise ValueError(f"unknown group version field {gvk.group}/{gvk.version}, Kind={gvk.kind} in policy")
    return loaded


def _validate(spec: Mapping[str, Any]) -> Iterable[field.Error]:
    yield from _validate_stages(spec, "")
    for i, rule in enumerate(spec.get("rules") or ()):
        yield from _validate_rule(rule, f"rules[{i}].")


def _validate_rule(rule: Mapping[str, Any], path: str) -> Iterable[field.Error]:
    level, urls = rule.get("level") or "", rule.get("nonResourceURLs") or ()
    if not level:
        yield field.required(f"{path}level")
    elif level not in LEVELS:
        yield field.not_supported(f"{path}level", level, LEVELS)
    for i, url in enumerate(urls):
        if url != "*" and not url.startswith("/"):
            text = "non-resource URL rules must begin with a '/' character"
            yield field.invalid(f"{path}nonResourceURLs[{i}]", url, text)
        if "*" in url[:-1]:
            text = "non-resource URL wildcards '*' must be the final character of the rule"
            yield field.invalid(f"{path}nonResourceURLs[{i}]", url, text)
    for entry in rule.get("resources") or ():
        yield from _validate_resources(entry, f"{path}resources.")
    yield from _validate_stages(rule, path)
    if urls and (rule.get("resources") or rule.get("namespaces")):
        text = "rules cannot apply to both regular resources and non-resource URLs"
        yield field.invalid(f"{path}nonResourceURLs", urls, text)


def _validate_resources(entry: Mapping[str, Any], path: str) -> Iterable[field.Error]:
    group = entry.get("group") or ""
    if group not in ("", "*") and (texts := is_dns1123_subdomain(group)):
        yield field.invalid(f"{path}group", group, ",".join(texts))
    if entry.get("resourceNames") and not entry.get("resources"):
        text = "using resourceNames requires at least one resource"
        yield field.invalid(f"{path}resourceNames", entry["resourceNames"], text)


def _validate_stages(holder: Mapping[str, Any], path: str) -> Iterable[field.Error]:
    for i, stage in enumerate(holder.get("omitStages") or ()):
        if stage not in STAGES:
            yield field.invalid(f"{path}omitStages[{i}]", stage, f"allowed stages are {','.join(STAGES)}")
