"""Role-based access control over the stored roles and bindings (upstream: plugin/pkg/auth/authorizer/rbac).

Bindings are indexed by subject, so that a decision looks only at what is bound to the user and his groups.
What follows from roles and bindings is remembered for each user and namespace as a `_Grants` until any role
or binding changes: after the first request of a kind a decision is two dictionary look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision, NonResourceRule, ResourceRule, Rules
from pilothouse.authorization.rules import CompiledRule, PolicyRule, strings

SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"
_CACHED_USERS = 4096
_CACHED_QUESTIONS = 1024
_CACHED_ANSWERS = 65536
"""In all; clients choose what they ask about."""
_LONGEST = 512
"""Characters of a question or a namespace; longer ones are answered each time."""

_Subject = tuple[str, str]
"""("User" or "Group", name); a service account is its user name."""

_Rules = tuple[CompiledRule, ...]


_Bound = tuple[str, int, str]
"""What a binding gives one subject: its name and the place of the subject, to sort by, and the text in reasons."""


class UnknownRole(LookupError):
    """There is no role `name` of this kind. The text is that of upstream's listers; who reads from the storage names
    the resource in another way."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f'{kind.lower()}.rbac.authorization.k8s.io "{name}" not found')
        self.name = name


class Role:
    """A stored Role or ClusterRole."""

    __slots__ = ("compiled", "rules")

    def __init__(self, rules: Iterable[PolicyRule]) -> None:
        self.rules = tuple(rules)
        self.compiled: _Rules = tuple(CompiledRule(rule) for rule in self.rules)


class Binding:
    """A stored RoleBinding or, with namespace "", ClusterRoleBinding."""

    __slots__ = ("name", "namespace", "role_kind", "role_name", "subjects")

    def __init__(self, namespace: str, name: str, obj: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self.name = name
        ref = obj.get("roleRef") or {}
        self.role_kind: str = ref.get("kind", "")
        self.role_name: str = ref.get("name", "")
        # Upstream joins name and namespace in this order.
        source = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
        source = f'{source} of {self.role_kind} "{self.role_name}" to '
        self.subjects: dict[_Subject, _Bound] = {}
        for place, subject in enumerate(obj.get("subjects") or ()):
            known = _subject(subject, namespace)
            if known is not None:
                self.subjects.setdefault(known[0], (name, place, source + known[1]))


def _subject(subject: Mapping[str, Any], binding_namespace: str) -> tuple[_Subject, str] | None:
    """(subject, description) of a binding's subject; None for one that can never apply."""
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind in ("User", "Group"):
        return (kind, name), f'{kind} "{name}"'
    namespace = subject.get("namespace") or binding_namespace
    if kind != "ServiceAccount" or not namespace:
        return None
    return ("User", f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"), f'{kind} "{name}/{namespace}"'


class _Grants:
    """What one user may do in one namespace: (rules, source) in the order of the bindings, and what was asked."""

    __slots__ = ("_keeps", "_paths", "_resources", "denial", "entries", "errors")

    def __init__(self, entries: list[tuple[_Rules, str]], errors: list[str], keeps: Callable[[int], bool]) -> None:
        """`keeps` says whether the answer to a question of so many characters may be remembered."""
        self._keeps = keeps
        self.entries = entries
        self.errors = errors
        self.denial = (Decision.NO_OPINION, f"RBAC: {aggregate(errors)}" if errors else "")
        self._resources: dict[tuple[str, str, str, str], _Answer] = {}
        self._paths: dict[tuple[str, str], tuple[Decision, str]] = {}

    def resource(self, a: Attributes) -> tuple[Decision, str]:
        question = (a.verb, a.api_group, a.resource, a.subresource)
        answer = self._resources.get(question)
        if answer is None:
            answer = _Answer(self, question)
            if self._keeps(sum(map(len, question))):
                if len(self._resources) >= _CACHED_QUESTIONS:
                    self._resources.clear()
                self._resources[question] = answer
        return answer.decide(a.name)

    def path(self, verb: str, path: str) -> tuple[Decision, str]:
        question = (verb, path)
        answer = self._paths.get(question)
        if answer is None:
            found = (source for rules, source in self.entries if any(rule.matches_path(verb, path) for rule in rules))
            source = next(found, None)
            answer = self.denial if source is None else (Decision.ALLOW, f"RBAC: allowed by {source}")
            if self._keeps(len(verb) + len(path)):
                if len(self._paths) >= _CACHED_QUESTIONS:
                    self._paths.clear()
                self._paths[question] = answer
        return answer


class _Answer:
    """The decision on one kind of request, by name where rules name names."""

    __slots__ = ("_by_name", "_otherwise")

    def __init__(self, grants: _Grants, question: tuple[str, str, str, str]) -> None:
        self._by_name: dict[str, tuple[Decision, str]] = {}
        self._otherwise = grants.denial
        for rules, source in grants.entries:
            for rule in rules:
                if not rule.matches_resource(*question):
                    continue
                allowed = (Decision.ALLOW, f"RBAC: allowed by {source}")
                if rule.names is None:
                    self._otherwise = allowed
                    return
                for name in rule.names:
                    self._by_name.setdefault(name, allowed)

    def decide(self, name: str) -> tuple[Decision, str]:
        return self._by_name.get(name, self._otherwise) if self._by_name else self._otherwise


class RBACAuthorizer:
    """Decides by the roles and bindings told to `apply`. Everything runs on the event loop."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], Role] = {}
        self._bindings: dict[str, dict[str, Binding]] = {}
        self._by_subject: dict[str, dict[_Subject, dict[str, _Bound]]] = {}
        self._grants: dict[tuple[str, tuple[str, ...]], dict[str, _Grants]] = {}
        self._answers = 0

    # What is stored.

    def apply(self, kind: str, namespace: str, name: str, obj: Mapping[str, Any] | None) -> None:
        """An object of a rbac.authorization.k8s.io kind is now `obj`, or gone. Other kinds raise ValueError.

        `namespace` is "" for ClusterRole and ClusterRoleBinding.
        """
        match kind:
            case "Role" | "ClusterRole":
                if obj is None:
                    self._roles.pop((namespace, name), None)
                else:
                    self._roles[(namespace, name)] = Role(obj.get("rules") or ())
            case "RoleBinding" | "ClusterRoleBinding":
                self._forget_binding(namespace, name)
                if obj is not None:
                    self._add_binding(Binding(namespace, name, obj))
            case _:
                raise ValueError(f"not a kind of RBAC: {kind}")
        self._forget()

    def _forget(self) -> None:
        self._grants.clear()
        self._answers = 0

    def _keeps(self, length: int) -> bool:
        """Whether one more answer may be remembered, to a question of so many characters."""
        if length > _LONGEST:
            return False
        if self._answers >= _CACHED_ANSWERS:
            self._forget()
        self._answers += 1
        return True

    def _add_binding(self, binding: Binding) -> None:
        self._bindings.setdefault(binding.namespace, {})[binding.name] = binding
        subjects = self._by_subject.setdefault(binding.namespace, {})
        for subject, bound in binding.subjects.items():
            subjects.setdefault(subject, {})[binding.name] = bound

    def _forget_binding(self, namespace: str, name: str) -> None:
        binding = self._bindings.get(namespace, {}).pop(name, None)
        if binding is None:
            return
        subjects = self._by_subject[namespace]
        for subject in binding.subjects:
            del subjects[subject][name]
            if not subjects[subject]:
                del subjects[subject]
        if not self._bindings[namespace]:
            del self._bindings[namespace], self._by_subject[namespace]

    def role_rules(self, kind: str, name: str, namespace: str) -> tuple[PolicyRule, ...]:
        """The rules of a binding's role (`namespace`: the binding's). Raises UnknownRole, or LookupError for what is no
        kind of roles, both with upstream's text."""
        return self._role(kind, name, namespace).rules

    def _role(self, kind: str, name: str, namespace: str) -> Role:
        if kind not in ("Role", "ClusterRole"):
            raise LookupError(f'unsupported role reference kind: "{kind}"')
        role = self._roles.get((namespace if kind == "Role" else "", name))
        if role is None:
            raise UnknownRole(kind, name)
        return role

    # Decisions.

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        user = attributes.user
        namespaces = self._grants.get((user.name, user.groups))
        grants = namespaces.get(attributes.namespace) if namespaces is not None else None
        if grants is None:
            grants = self._resolve(user, attributes.namespace)
        if attributes.is_resource_request:
            return grants.resource(attributes)
        return grants.path(attributes.verb, attributes.path)

    def _resolve(self, user: User, namespace: str) -> _Grants:
        entries: list[tuple[_Rules, str]] = []
        errors: list[str] = []
        for binding, source in self._applying(user, namespace):
            try:
                role = self._role(binding.role_kind, binding.role_name, binding.namespace)
            except LookupError as error:
                errors.append(str(error))
                continue
            entries.append((role.compiled, source))
        grants = _Grants(entries, errors, self._keeps)
        if user.is_small and self._keeps(len(namespace)):
            if len(self._grants) >= _CACHED_USERS:
                self._forget()
            namespaces = self._grants.setdefault((user.name, user.groups), {})
            if len(namespaces) >= _CACHED_QUESTIONS:
                namespaces.clear()
            namespaces[namespace] = grants
        return grants

    def _applying(self, user: User, namespace: str) -> list[tuple[Binding, str]]:
        """The bindings that apply to the user, cluster-wide first, by name, each with its description."""
        keys = [("User", user.name), *(("Group", group) for group in user.groups)]
        found: list[tuple[Binding, str]] = []
        for scope in ("", namespace) if namespace else ("",):
            subjects = self._by_subject.get(scope)
            if subjects is None:
                continue
            bound = [one for key in keys if key in subjects for one in subjects[key].values()]
            bound.sort()
            bindings = self._bindings[scope]
            last = None
            for name, _, source in bound:
                if name != last:
                    found.append((bindings[name], source))
                    last = name
        return found

    def policy_rules_for(self, user: User, namespace: str) -> tuple[list[PolicyRule], list[LookupError]]:
        """All rules that apply to the user in `namespace`, and what could not be resolved."""
        rules: list[PolicyRule] = []
        errors: list[LookupError] = []
        for binding, _ in self._applying(user, namespace):
            try:
                rules.extend(self.role_rules(binding.role_kind, binding.role_name, binding.namespace))
            except LookupError as error:
                errors.append(error)
        return rules, errors

    def rules_for(self, user: User, namespace: str) -> Rules:
        rules, errors = self.policy_rules_for(user, namespace)
        return Rules(
            tuple(
                ResourceRule(strings(r, "verbs"), strings(r, "apiGroups"), strings(r, "resources"),
                             strings(r, "resourceNames"))
                for r in rules if r.get("resources")
            ),
            tuple(NonResourceRule(strings(r, "verbs"), strings(r, "nonResourceURLs"))
                  for r in rules if r.get("nonResourceURLs")),
            False, tuple(map(str, errors)),
        )
