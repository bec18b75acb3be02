"""Attribute-based access control by a file, one policy a line (upstream: pkg/auth/authorizer/abac)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilothouse.apimachinery.codec import json
from pilothouse.apimachinery.user import ALL_AUTHENTICATED, User
from pilothouse.authorization.interface import Attributes, Decision, NonResourceRule, ResourceRule, Rules

_API_VERSION = "abac.authorization.kubernetes.io/v1beta1"
_READS = ("get", "list", "watch")
_TEXTS = {
    "user": "user", "group": "group", "namespace": "namespace", "resource": "resource", "apiGroup": "api_group",
    "nonResourcePath": "path",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One line. "*" matches everything, "" nothing that has a value."""

    user: str = ""
    group: str = ""
    read_only: bool = False
    api_group: str = ""
    resource: str = ""
    namespace: str = ""
    path: str = ""

    def matches_subject(self, user: User) -> bool:
        if self.user and self.user not in ("*", user.name):
            return False
        if self.group and self.group != "*" and self.group not in user.groups:
            return False
        return bool(self.user or self.group)

    def matches(self, a: Attributes) -> bool:
        if not self.matches_subject(a.user) or (self.read_only and a.verb not in _READS):
            return False
        if a.is_resource_request:
            return (
                self.namespace in ("*", a.namespace) and self.resource in ("*", a.resource)
                and self.api_group in ("*", a.api_group)
            )
        if self.path in ("*", a.path):
            return True
        return self.path.endswith("*") and a.path.startswith(self.path.rstrip("*"))

    @property
    def verbs(self) -> tuple[str, ...]:
        return _READS if self.read_only else ("*",)


class ABACAuthorizer:
    """Allows what any policy allows."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = tuple(policies)

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        if any(policy.matches(attributes) for policy in self._policies):
            return Decision.ALLOW, ""
        return Decision.NO_OPINION, "No policy matched."

    def rules_for(self, user: User, namespace: str) -> Rules:
        matching = [
            policy for policy in self._policies
            if policy.matches_subject(user) and policy.namespace in ("*", namespace)
        ]
        return Rules(
            tuple(ResourceRule(p.verbs, (p.api_group,), (p.resource,)) for p in matching if p.resource),
            tuple(NonResourceRule(p.verbs, (p.path,)) for p in matching if p.path),
        )


def load(path: Path) -> ABACAuthorizer:
    """Raises OSError, or ValueError that names file and line."""
    policies = []
    for number, line in enumerate(path.read_text().split("\n"), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                policies.append(_policy(json.loads(text.encode())))
            except ValueError as e:
                raise ValueError(f"error reading policy file {path}, line {number}: {line}: {e}") from None
    return ABACAuthorizer(policies)


def _policy(value: Any) -> Policy:
    if not isinstance(value, dict):
        raise ValueError("couldn't get version/kind; json parse error: the line is no object")
    if value.get("apiVersion") is None or value.get("kind") is None:
        return _unversioned(value)
    if (value["apiVersion"], value["kind"]) != (_API_VERSION, "Policy"):
        raise ValueError(f'no kind "{value["kind"]}" is registered for version "{value["apiVersion"]}"')
    return _checked(value.get("spec") or {})


def _unversioned(value: Mapping[str, Any]) -> Policy:
    """The oldest form (upstream: pkg/apis/abac/v0): what it does not say matches everything authenticated."""
    old = _checked(value)
    user, group = old.user, old.group
    if (not user and not group) or "*" in (user, group):
        user, group = "", ALL_AUTHENTICATED
    everything = not old.namespace and not old.resource
    return Policy(
        user, group, old.read_only, "*", old.resource or "*", old.namespace or "*", "*" if everything else ""
    )


def _checked(spec: Any) -> Policy:
    if not isinstance(spec, dict):
        raise ValueError("json: cannot unmarshal into Go struct field Policy.spec of type v1beta1.PolicySpec")
    fields: dict[str, Any] = {}
    for name, attribute in _TEXTS.items():
        text = spec.get(name) or ""
        if not isinstance(text, str):
            raise ValueError(f"json: cannot unmarshal into Go struct field PolicySpec.{name} of type string")
        fields[attribute] = text
    read_only = spec.get("readonly") or False
    if not isinstance(read_only, bool):
        raise ValueError("json: cannot unmarshal into Go struct field PolicySpec.readonly of type bool")
    return Policy(read_only=read_only, **fields)
