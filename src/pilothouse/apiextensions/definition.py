"""What serving needs to know of a stored CustomResourceDefinition, read once for each of its revisions.

The definition itself stays where it is, as bytes in the watch cache: with hundreds of them, decoded schemas would take
the most memory of all. Whoever needs one decodes it again (`Definition.version_spec`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apiextensions.conditions import is_settled
from pilothouse.apimachinery.versions import preference

if TYPE_CHECKING:
    from pilothouse.storage.interface import Item

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """status.acceptedNames."""

    plural: str
    singular: str
    kind: str
    list_kind: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds its numbers (".spec.replicas"); `selector` is "" for none."""

    spec: str
    status: str
    selector: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One of spec.versions. `selectable` are JSON paths (".spec.color"); `warning` is "" unless it is deprecated."""

    name: str
    served: bool
    storage: bool
    warning: str
    has_status: bool
    scale: Scale | None
    selectable: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One revision of a definition. `shape` is a digest of all that decides how its resources are served."""

    item: Item
    name: str
    uid: str
    group: str
    namespaced: bool
    names: Names
    versions: tuple[Version, ...]
    conditions: frozenset[str]
    """The types of conditions that are "True"."""
    deleted: bool
    webhook: bool
    """Whether a webhook converts between its versions."""
    settled: bool
    """Nothing is left to be done about its status."""
    shape: bytes

    @property
    def plural(self) -> str:
        """spec.names.plural, accepted or not: the name holds it, and it never changes."""
        return self.name.removesuffix(f".{self.group}")

    @property
    def accepted(self) -> bool:
        """Whether its resources are served (upstream: customresource_handler.go, ServeHTTP)."""
        return bool(self.names.plural) and not self.conditions.isdisjoint(("NamesAccepted", "Established"))

    @property
    def established(self) -> bool:
        """Whether discovery shows it."""
        return "Established" in self.conditions

    @property
    def terminating(self) -> bool:
        return "Terminating" in self.conditions

    @property
    def storage_version(self) -> str:
        return next((version.name for version in self.versions if version.storage), "")

    def version(self, name: str) -> Version | None:
        return next((version for version in self.versions if version.name == name), None)

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}"

    def decoded(self) -> Object:
        """The whole definition, without kind and apiVersion. Large: not to be kept."""
        obj: Object = orjson.loads(self.item.body)
        return obj

    def version_spec(self, name: str) -> Mapping[str, Any]:
        """The entry of spec.versions. Raises LookupError."""
        for version in self.decoded()["spec"]["versions"]:
            if version["name"] == name:
                found: Mapping[str, Any] = version
                return found
        raise LookupError(f"{self.name} has no version {name}")


def read(item: Item) -> Definition:
    """The facts of a stored definition."""
    obj = orjson.loads(item.body)
    metadata, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    accepted = status.get("acceptedNames") or {}
    versions = spec.get("versions") or ()
    better = _recommended(versions)
    shape = hashlib.blake2b(orjson.dumps((spec, accepted)), digest_size=16).digest()
    return Definition(
        item, metadata["name"], metadata["uid"], spec["group"], spec.get("scope") == "Namespaced", names_of(accepted),
        tuple(_version(spec, version, better) for version in versions),
        frozenset(c["type"] for c in status.get("conditions") or () if c.get("status") == "True"),
        metadata.get("deletionTimestamp") is not None,
        (spec.get("conversion") or {}).get("strategy") == "Webhook", is_settled(obj), shape,
    )


def names_of(names: Mapping[str, Any]) -> Names:
    return Names(
        names.get("plural") or "", names.get("singular") or "", names.get("kind") or "", names.get("listKind") or "",
        tuple(names.get("shortNames") or ()), tuple(names.get("categories") or ()),
    )


def _recommended(versions: Sequence[Mapping[str, Any]]) -> str:
    """The most preferred version that is served and not deprecated, or ""."""
    names = [v["name"] for v in versions if v.get("served") and not v.get("deprecated")]
    return min(names, key=preference, default="")


def _version(spec: Mapping[str, Any], version: Mapping[str, Any], recommended: str) -> Version:
    subresources = version.get("subresources") or {}
    scale = subresources.get("scale")
    return Version(
        version["name"], bool(version.get("served")), bool(version.get("storage")),
        _warning(spec, version, recommended) if version.get("deprecated") else "",
        subresources.get("status") is not None,
        None if scale is None else Scale(
            scale.get("specReplicasPath") or "", scale.get("statusReplicasPath") or "",
            scale.get("labelSelectorPath") or "",
        ),
        tuple(field.get("jsonPath") or "" for field in version.get("selectableFields") or ()),
    )


def _warning(spec: Mapping[str, Any], version: Mapping[str, Any], recommended: str) -> str:
    """The definition's own words, or upstream's (customresource_handler.go, defaultDeprecationWarning)."""
    own = version.get("deprecationWarning")
    if own is not None:
        return str(own)
    group, kind = spec["group"], spec["names"]["kind"]
    text = f"{group}/{version['name']} {kind} is deprecated"
    if recommended and preference(recommended) < preference(version["name"]):
        text += f"; use {group}/{recommended} {kind}"
    return text

