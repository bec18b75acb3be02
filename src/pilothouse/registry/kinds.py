"""How a group's folder writes down its kinds (upstream: the REST storage providers of pkg/registry).

A folder makes one `Group`; the tables are data, and whatever they need at run time comes in `Dependencies`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.registry.rest import Converter, Object, Printer, Resource, Subresource

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


def resources_of(groups: Iterable[Group]) -> list[Resource]:
    """Every resource in every version."""
    return [resource for group in groups for resource in group.resources]


def same_shape(resource: Resource, version: str, **rest: Any) -> Resource:
    """`resource` as another `version` serves it whose objects differ in nothing but their apiVersion; `rest` are fields
    of `Resource` in which that version differs."""
    converter = Converter(_named(resource.api_version), _named(f"{resource.group}/{version}"))
    return replace(resource, version=version, converter=converter, **rest)


def _named(api_version: str) -> Callable[[Object], Object]:
    def convert(obj: Object) -> Object:
        if "apiVersion" in obj:
            obj["apiVersion"] = api_version
        return obj

    return convert


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
