"""Who may act as whom (upstream: endpoints/filters/impersonation/mode.go; KEP-5284).

There are several modes. The constrained ones each suit one sort of user to act as, and ask twice: whether the
requestor may do *this request* while acting so (verb `impersonate-on:MODE:VERB`), and whether he may act as that user
at all (`impersonate:MODE`). The legacy one asks only for the verb `impersonate`. The first mode that allows wins; when
none does, the refusal of the first that applied is the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery import user as users
from pilothouse.apimachinery.expiring import Expiring
from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.apimachinery.status import StatusError
from pilothouse.apimachinery.user import User
from pilothouse.authorization.forbidden import forbidden
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.authorization.userextra import refused_extra

if TYPE_CHECKING:
    from pilothouse.authorization.interface import Authorizer

_CORE = GroupVersion("", "v1")
_AUTHENTICATION = GroupVersion("authentication.k8s.io", "v1")
_MANY = 4
"""From here on one question with "*" is tried before one for each value (upstream: manyAuthorizationChecksInLoop)."""
_CACHED_SECONDS = 10.0
_CACHED = 4096
_LONGEST = 16384
"""Characters of all that a client says of itself and its request; what is allowed beyond that is not remembered."""
_NODE_KEYS = "authentication.kubernetes.io/associated-node-keys"


@dataclass(frozen=True, slots=True)
class Impersonated:
    """Whom the request acts as; `constraint` is the verb of the constrained mode that allowed it, or ""."""

    user: User
    constraint: str = ""

    @property
    def mode(self) -> str:
        return self.constraint.removeprefix("impersonate:") or "legacy"


class Mode(Protocol):
    """Raises StatusError for a refusal; None says that the mode is not for such a user."""

    async def check(self, wanted: User, attributes: Attributes) -> Impersonated | None: ...


class Impersonation:
    """All modes over one authorizer. Each user's last successful mode is tried first.

    With `constrained` False only the legacy mode is there (upstream: the gate ConstrainedImpersonation).
    """

    def __init__(
        self, authorizer: Authorizer, *, constrained: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._modes: list[Mode] = [_Primary(authorizer, "impersonate", constrained=False, clock=clock)]
        if constrained:
            self._modes[:0] = [
                _Constrained(_AnyNode(authorizer), "associated-node", _is_own_node, clock),
                _Constrained(authorizer, "arbitrary-node", _is_node, clock),
                _Constrained(authorizer, "serviceaccount", _is_service_account, clock),
                _Constrained(authorizer, "user-info", _is_other, clock),
            ]
        self._last: Expiring[str, Mode] = Expiring(_CACHED, clock)

    async def check(self, wanted: User, attributes: Attributes) -> Impersonated:
        """`wanted` as the headers say it; `attributes` are the request's. Raises StatusError (403)."""
        name = attributes.user.name
        first = self._last.get(name)
        refusal: Exception | None = None
        for mode in self._modes if first is None else [first, *(m for m in self._modes if m is not first)]:
            try:
                found = await mode.check(wanted, attributes)
            except StatusError as error:
                refusal = refusal or error
                continue
            if found is not None:
                self._last.set(name, mode, 3600.0)
                return found
        assert refusal is not None, "the legacy mode always has an opinion"
        raise refusal


class _Constrained:
    """One constrained mode. What it allowed is remembered for ten seconds, for the very same request."""

    def __init__(
        self, authorizer: Authorizer, mode: str, suits: Callable[[User, User], bool], clock: Callable[[], float]
    ) -> None:
        self._authorizer = authorizer
        self._verb = f"impersonate-on:{mode}:"
        self._suits = suits
        self._primary = _Primary(authorizer, f"impersonate:{mode}", constrained=True, clock=clock)
        self._allowed: Expiring[Any, Impersonated] = Expiring(_CACHED, clock)

    async def check(self, wanted: User, attributes: Attributes) -> Impersonated | None:
        if not self._suits(wanted, attributes.user):
            return None
        key = _key(wanted, attributes)
        found = self._allowed.get(key)
        if found is None:
            await _authorize(self._authorizer, replace(attributes, verb=self._verb + attributes.verb))
            found = await self._primary.check(wanted, attributes)
            if len(repr(key)) <= _LONGEST:
                self._allowed.set(key, found, _CACHED_SECONDS)
        return found


class _Primary:
    """Whether the requestor may act as the wanted user: one question for each thing that the headers name."""

    def __init__(self, authorizer: Authorizer, verb: str, *, constrained: bool, clock: Callable[[], float]) -> None:
        self._authorizer = authorizer
        self._verb = verb
        self._constrained = constrained
        self._names = _AUTHENTICATION if constrained else _CORE
        self._allowed: Expiring[Any, Impersonated] = Expiring(_CACHED, clock)

    async def check(self, wanted: User, attributes: Attributes) -> Impersonated:
        requestor = attributes.user
        key = (_user_key(wanted), _user_key(requestor))
        # the legacy mode asks every time, as it always did
        found = self._allowed.get(key) if self._constrained else None
        if found is not None:
            return found
        groups = await self._check_name(requestor, wanted)
        if wanted.uid:
            await self._ask(requestor, _AUTHENTICATION, "uids", wanted.uid)
        await self._check_groups(requestor, wanted.groups)
        await self._check_extra(requestor, wanted.extra)
        user = replace(wanted, groups=_with_implied(wanted.name, groups))
        found = Impersonated(user, self._verb if self._constrained else "")
        if self._constrained and len(repr(key)) <= _LONGEST:
            self._allowed.set(key, found, _CACHED_SECONDS)
        return found

    async def _ask(
        self, requestor: User, version: GroupVersion, resource: str, name: str, *, namespace: str = "",
        subresource: str = "",
    ) -> None:
        await _authorize(self._authorizer, Attributes(
            requestor, self._verb, api_group=version.group, api_version=version.version, namespace=namespace,
            resource=resource, subresource=subresource, name=name,
        ))

    async def _may(self, requestor: User, version: GroupVersion, resource: str, subresource: str = "") -> bool:
        try:
            await self._ask(requestor, version, resource, "*", subresource=subresource)
        except StatusError:
            return False
        return True

    async def _check_name(self, requestor: User, wanted: User) -> tuple[str, ...]:
        """The groups that the user will have, still without those that follow from being authenticated."""
        node = users.node_of(wanted.name) if self._constrained else None
        account = users.split_service_account(wanted.name)
        if node is not None:
            await self._ask(requestor, self._names, "nodes", node)
            return (users.NODES_GROUP,)
        if account is not None:
            namespace, name = account
            await self._ask(requestor, self._names, "serviceaccounts", name, namespace=namespace)
            return wanted.groups or users.service_account_groups(namespace)
        await self._ask(requestor, self._names, "users", wanted.name)
        return wanted.groups

    async def _check_groups(self, requestor: User, groups: Sequence[str]) -> None:
        if self._constrained:
            self._refuse_groups(requestor, groups)
            if len(groups) >= _MANY and await self._may(requestor, self._names, "groups"):
                return
        for group in groups:
            await self._ask(requestor, self._names, "groups", group)

    def _refuse_groups(self, requestor: User, groups: Sequence[str]) -> None:
        """What no constrained mode allows, whatever the authorizer says."""
        attributes = Attributes(
            requestor, self._verb, api_group=self._names.group, api_version=self._names.version, resource="groups"
        )
        if "" in groups:
            raise forbidden(attributes, "impersonating the empty string group is not allowed")
        if users.SYSTEM_PRIVILEGED_GROUP in groups:
            attributes.name = users.SYSTEM_PRIVILEGED_GROUP
            raise forbidden(attributes, "impersonating the system:masters group is not allowed")

    async def _check_extra(self, requestor: User, extra: Mapping[str, Sequence[str]]) -> None:
        if self._constrained and extra:
            if text := refused_extra(extra):
                raise forbidden(Attributes(
                    requestor, self._verb, api_group=_AUTHENTICATION.group, api_version=_AUTHENTICATION.version,
                    resource="userextras",
                ), text)
            many = len(extra) >= _MANY or sum(len(values) for values in extra.values()) >= _MANY
            if many and await self._may(requestor, _AUTHENTICATION, "userextras", "*"):
                return
        for key, values in extra.items():
            for value in values:
                await self._ask(requestor, _AUTHENTICATION, "userextras", value, subresource=key)


class _AnyNode:
    """The authorizer of the mode associated-node: asked about every node at once, without the requestor's extras.

    A requestor that comes here belongs to the node that he wants to act as, so which node it is does not matter.
    """

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        user = replace(attributes.user, extra={_NODE_KEYS: tuple(sorted(attributes.user.extra))})
        name = "*" if attributes.verb == "impersonate:associated-node" else attributes.name
        # refused here, where the words are those of what was asked
        await _authorize(self._authorizer, replace(attributes, user=user, name=name))
        return Decision.ALLOW, ""


async def _authorize(authorizer: Authorizer, attributes: Attributes) -> None:
    """Raises 403 unless the authorizer allows."""
    try:
        decision, reason = await authorizer.authorize(attributes)
    except AuthorizationError as error:
        raise forbidden(attributes, f"{error}: {error.reason}" if error.reason else str(error)) from None
    if decision is not Decision.ALLOW:
        raise forbidden(attributes, reason)


def _only_named(wanted: User) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _is_node(wanted: User, requestor: User) -> bool:
    return _only_named(wanted) and users.node_of(wanted.name) is not None


def _is_own_node(wanted: User, requestor: User) -> bool:
    """Whether the requestor is a service account whose pod runs on the wanted node."""
    return (
        _is_node(wanted, requestor) and users.split_service_account(requestor.name) is not None
        and tuple(requestor.extra.get(users.NODE_NAME_KEY, ())) == (users.node_of(wanted.name),)
    )


def _is_service_account(wanted: User, requestor: User) -> bool:
    return _only_named(wanted) and users.split_service_account(wanted.name) is not None


def _is_other(wanted: User, requestor: User) -> bool:
    return users.node_of(wanted.name) is None and users.split_service_account(wanted.name) is None


def _with_implied(name: str, groups: Sequence[str]) -> tuple[str, ...]:
    """The groups, with what follows from being known or not."""
    if name == users.ANONYMOUS:
        implied = users.ALL_UNAUTHENTICATED
    elif users.ALL_UNAUTHENTICATED in groups:
        return tuple(groups)
    else:
        implied = users.ALL_AUTHENTICATED
    return tuple(groups) if implied in groups else (*groups, implied)


def _user_key(user: User) -> Any:
    return user.name, user.uid, tuple(user.groups), tuple(sorted((k, tuple(v)) for k, v in user.extra.items()))


def _key(wanted: User, a: Attributes) -> Any:
    return (
        _user_key(wanted), _user_key(a.user), a.verb, a.is_resource_request, a.path, a.api_group, a.api_version,
        a.namespace, a.resource, a.subresource, a.name, a.field_selector, a.label_selector,
    )
