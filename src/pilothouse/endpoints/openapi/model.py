"""What one operation of the API says of itself, free of the OpenAPI version that it is written in."""

from dataclasses import dataclass, field
from typing import Any

from pilothouse.apimachinery.gvk import GroupVersionKind

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON, YAML, PROTOBUF)
STREAM_MEDIA_TYPES = (*MEDIA_TYPES, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
ANY = ("*/*",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query or path parameter. Path parameters are required."""

    name: str
    place: str
    description: str
    type: str = "string"

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.place


@dataclass(frozen=True, slots=True)
class Body:
    """`type` is the OpenAPI name of the body's type."""

    type: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answer` is the OpenAPI name of the type that successful answers hold, or "" for a string; `codes` are those
    answers' codes and texts."""

    method: str
    id: str
    tag: str
    description: str
    answer: str
    codes: tuple[tuple[int, str], ...] = ((200, "OK"),)
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    consumes: tuple[str, ...] = ANY
    produces: tuple[str, ...] = MEDIA_TYPES
    action: str = ""
    gvk: GroupVersionKind | None = None

    @property
    def extensions(self) -> dict[str, Any]:
        if self.gvk is None:
            return {}
        group, version, kind = self.gvk
        return {
            "x-kubernetes-action": self.action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        }


@dataclass(slots=True)
class PathItem:
    """One path. Parameters that all of its operations have are written once, for the path."""

    path: str
    operations: list[Operation] = field(default_factory=list)

    def common(self) -> dict[tuple[str, str], Parameter]:
        """The shared parameters by key, sorted by name and place."""
        counts: dict[tuple[str, str], int] = {}
        found: dict[tuple[str, str], Parameter] = {}
        for operation in self.operations:
            for parameter in operation.parameters:
                counts[parameter.key] = counts.get(parameter.key, 0) + 1
                found[parameter.key] = parameter
        return {key: found[key] for key in sorted(found) if counts[key] == len(self.operations)}
