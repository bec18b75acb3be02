"""What admission is asked, and what a plugin is (upstream: k8s.io/apiserver pkg/admission/interfaces.go).

A plugin is asked twice about a write: first all mutating plugins in order, then, after the kind's own
validation, all validating ones. It refuses by raising a `StatusError`, most often `forbidden(…)`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

Object = dict[str, Any]
Options = Mapping[str, Any]

CREATE: Final = "CREATE"
UPDATE: Final = "UPDATE"
DELETE: Final = "DELETE"
CONNECT: Final = "CONNECT"


class Attributes:
    """One operation. `object` is None for DELETE, `old_object` for CREATE; both in the version of the request.

    `name` may be "" on CREATE (generateName); `namespace` is the object's own name for namespaces. `options` is
    the wire form of the request's CreateOptions, UpdateOptions or DeleteOptions, or what makes it: few ask for it. The
    user, and the place for warnings and audit annotations, are in `context`.
    """

    __slots__ = (
        "_options", "context", "dry_run", "kind", "name", "namespace", "object", "old_object", "operation", "resource",
        "subresource",
    )

    def __init__(
        self, context: "Context", operation: str, kind: GroupVersionKind, resource: GroupResource, *,
        namespace: str = "", name: str = "", subresource: str = "", object: Object | None = None,
        old_object: Object | None = None, options: Options | Callable[[], Options] | None = None,
        dry_run: bool = False,
    ) -> None:
        self.context = context
        self.operation = operation
        self.kind = kind
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.object = object
        self.old_object = old_object
        self._options = options
        self.dry_run = dry_run

    @property
    def options(self) -> Options | None:
        if callable(self._options):
            self._options = self._options()
        return self._options


def forbidden(a: Attributes, cause: str) -> status.StatusError:
    """403 about the object at hand, which is named as well as it can be before a name is generated."""
    return status.forbidden(a.resource, object_name(a), cause)


def object_name(a: Attributes) -> str:
    if a.name:
        return a.name
    metadata = (a.object or {}).get("metadata") or {}
    return metadata.get("name") or metadata.get("generateName") or "Unknown"


class Plugin(Protocol):
    """`handles` is asked once for each (operation, resource, subresource) and remembered."""

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool: ...


@runtime_checkable
class MutationInterface(Plugin, Protocol):
    async def admit(self, a: Attributes) -> None:
        """May change `a.object` in place. Raises StatusError to refuse."""
        ...


@runtime_checkable
class ValidationInterface(Plugin, Protocol):
    async def validate(self, a: Attributes) -> None:
        """Must not change anything. Raises StatusError to refuse."""
        ...


class Lister(Protocol):
    """Committed objects of other resources, from memory. What it returns is shared: never change it."""

    def get(self, resource: GroupResource, namespace: str, name: str) -> Object | None:
        """`namespace` is "" for cluster-scoped resources."""
        ...

    def list(self, resource: GroupResource, namespace: str = "") -> Sequence[Object]:
        """All objects, or those in `namespace`, by key. Empty for a resource that is not served."""
        ...


#: Validating admission as the storage calls it: (object or None, old object or None).
Validation = Callable[[Object | None, Object | None], Awaitable[None]]
