"""The user behind a request (upstream: k8s.io/apiserver pkg/authentication/user)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilothouse.apimachinery import names

ANONYMOUS = "system:anonymous"
ALL_AUTHENTICATED = "system:authenticated"
ALL_UNAUTHENTICATED = "system:unauthenticated"
SYSTEM_PRIVILEGED_GROUP = "system:masters"
NODES_GROUP = "system:nodes"
NODE_NAME_KEY = "authentication.kubernetes.io/node-name"
"""The extra of a service account whose token belongs to a pod: the node that the pod runs on."""
_SERVICE_ACCOUNT = "system:serviceaccount:"
_NODE = "system:node:"
_SMALL = 16384


@dataclass(frozen=True, slots=True)
class User:
    """What authentication found out. `extra` values are lists, as on the wire."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def info(self) -> dict[str, Any]:
        """As a UserInfo on the wire: without what is empty."""
        info: dict[str, Any] = {"username": self.name} if self.name else {}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in sorted(self.extra.items())}
        return info

    @property
    def is_small(self) -> bool:
        """Whether what was found out about the user may be remembered by his name and groups, thousands of times."""
        return len(self.name) + sum(map(len, self.groups)) <= _SMALL


def split_service_account(username: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name, or None (upstream: serviceaccount.SplitUsername)."""
    if not username.startswith(_SERVICE_ACCOUNT):
        return None
    parts = username.removeprefix(_SERVICE_ACCOUNT).split(":")
    if len(parts) != 2 or names.is_dns_label(parts[0]) or names.is_dns_subdomain(parts[1]):
        return None
    return parts[0], parts[1]


def service_account_groups(namespace: str) -> tuple[str, str]:
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def node_of(username: str) -> str | None:
    """The node that a node's user name is for, or None."""
    if not username.startswith(_NODE):
        return None
    name = username.removeprefix(_NODE)
    return None if names.is_dns_subdomain(name) else name


def node_identity(user: User) -> str | None:
    """The node that `user` is, "" for one without a name, None for everybody else (upstream: nodeidentifier)."""
    if not user.name.startswith(_NODE) or NODES_GROUP not in user.groups:
        return None
    return user.name.removeprefix(_NODE)
