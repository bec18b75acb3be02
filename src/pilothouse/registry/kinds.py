"""How a group's folder writes down its kinds (upstream: the REST storage providers of pkg/registry).

A folder makes one `Group`; the tables are data, and whatever they need at run time comes in `Dependencies`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.registry.rest import Printer, Resource, Subresource

STATUS = Subresource("status", ("get", "patch", "update"), handler="status")
SCALE = Subresource("scale", ("get", "patch", "update"), GroupVersionKind("autoscaling", "v1", "Scale"), "scale")
PROXY_VERBS = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Version:
    """One served version: `priority` is its APIService's versionPriority; `resources` come out sorted by name."""

    version: str
    priority: int
    resources: tuple[Resource, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "resources", tuple(sorted(self.resources, key=lambda resource: resource.name)))


@dataclass(frozen=True, slots=True)
class Group:
    """An API group: `priority` is its APIServices' groupPriorityMinimum; `versions` begin with the preferred one."""

    name: str
    priority: int
    versions: tuple[Version, ...]

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(resource for version in self.versions for resource in version.resources)


class Kinds:
    """Makes the resources of one group version, with what follows from the kind's name filled in.

    `package` is the Go package of the group's internal types, as wordings show it; `printers` are by resource.
    """

    def __init__(
        self, group: str, version: str, package: str, printers: Mapping[str, Printer] = MappingProxyType({})
    ) -> None:
        self.group = group
        self.version = version
        self.package = package
        self.printers = printers

    def __call__(self, kind: str, name: str, *, namespaced: bool = True, **rest: Any) -> Resource:
        """The resource `name` of `kind`; `rest` are fields of `Resource`."""
        filled: Mapping[str, Any] = {
            "singular": kind.lower(),
            "storage_prefix": "" if "virtual" in rest else name,
            "internal_kind": f"{self.package}.{kind}",
            "list_kind": f"{kind}List",
            "printer": self.printers.get(name),
        }
        return Resource(
            group=self.group, version=self.version, kind=kind, name=name, namespaced=namespaced, **{**filled, **rest}
        )
