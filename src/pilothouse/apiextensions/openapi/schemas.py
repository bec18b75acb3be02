"""The schemas of custom resources as OpenAPI documents show them (upstream: controller/openapi/builder, buildKubeNative
and buildListSchema; controller/openapi/v2/conversion.go; apiserver/schema/unfold.go and kubeopenapi.go).

They are made from the wire form of structural JSONSchemaProps. Nothing is changed in place; what needs no change is
shared with it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilothouse.apiextensions.openapi.operations import model_name

Schema = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_CONVENTIONS: Final = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_API_VERSION: Final = (
    "defines the versioned schema of this representation of an object. "
    "Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. "
    f"More info: {_CONVENTIONS}#resources"
)
_KIND: Final = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    f"endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: {_CONVENTIONS}#types-kinds"
)
TYPE_META: Final[Mapping[str, Schema]] = {
    "apiVersion": {"description": f"APIVersion {_API_VERSION}", "type": "string"},
    "kind": {"description": _KIND, "type": "string"},
}
_EMBEDDED_TYPE_META: Final[Mapping[str, Schema]] = {
    "apiVersion": {
        "description": "apiVersion defines the versioned schema of this representation of an object. "
        f"More info: {_CONVENTIONS}#resources",
        "type": "string",
    },
    "kind": {
        "description": "kind is a string value representing the type of this object. In CamelCase. "
        f"More info: {_CONVENTIONS}#types-kinds",
        "type": "string",
    },
}
_OBJECT_META_DOC: Final = f"Standard object's metadata. More info: {_CONVENTIONS}#metadata"
_LIST_META_DOC: Final = f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds"
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]


class SchemaBuilder:
    """Makes the schemas of one OpenAPI version, 2 or 3."""

    def __init__(self, openapi_version: int) -> None:
        self.is_v2 = openapi_version == 2
        self._prefix = "#/definitions/" if self.is_v2 else "#/components/schemas/"
        self._object_meta = self._reference(f"{_META}ObjectMeta", _OBJECT_META_DOC)
        self._list_meta = self._reference(f"{_META}ListMeta", _LIST_META_DOC)

    def _reference(self, name: str, description: str) -> Schema:
        """OpenAPI v3 allows nothing beside a reference, so that it is wrapped."""
        reference = {"$ref": f"{self._prefix}{name}"}
        return {"description": description, **(reference if self.is_v2 else {"allOf": [reference]})}

    def definitions(
        self, spec: Mapping[str, Any], version: Mapping[str, Any], *, structural: bool
    ) -> dict[str, Schema]:
        """The kind and its list, by name, for one version of a definition's spec. A schema that is not structural is
        left out."""
        names = spec["names"]
        group, name, kind = spec["group"], version["name"], names["kind"]
        list_kind = names.get("listKind") or f"{kind}List"
        selectable = [
            {"fieldPath": (entry.get("jsonPath") or "").removeprefix(".")}
            for entry in version.get("selectableFields") or ()
        ]
        props = (version.get("schema") or {}).get("openAPIV3Schema") if structural else None
        more = {"x-kubernetes-selectable-fields": selectable} if selectable else {}
        own_name = model_name(group, name, kind)
        found = {
            own_name: self._resource(props, preserve=bool(spec.get("preserveUnknownFields"))),
            model_name(group, name, list_kind): self._list(own_name, kind, list_kind, names["plural"]),
        }
        for schema, of in zip(found.values(), (kind, list_kind), strict=True):
            schema["x-kubernetes-group-version-kind"] = [{"group": group, "kind": of, "version": name}]
            schema |= more
        return found

    def _resource(self, props: Mapping[str, Any] | None, *, preserve: bool) -> Schema:
        if props is None or (self.is_v2 and (preserve or props.get(_PRESERVE))):
            # kubectl would take any property named here for the only ones
            return {"type": "object"}
        found = self._convert(props)
        found["properties"] = {**(found.get("properties") or {}), **TYPE_META, "metadata": self._object_meta}
        return found

    def _list(self, own_name: str, kind: str, list_kind: str, plural: str) -> Schema:
        items = {
            "description": f"List of {plural}. More info: {_CONVENTIONS}", "type": "array",
            "items": {"$ref": f"{self._prefix}{own_name}"},
        }  # fmt: skip
        return {
            "description": f"{list_kind} is a list of {kind}", "type": "object", "required": ["items"],
            "properties": {**TYPE_META, "items": items, "metadata": self._list_meta},
        }  # fmt: skip

    def _convert(self, props: Mapping[str, Any]) -> Schema:
        found = dict(props)
        if self.is_v2:
            _reduce(found)
        elif props.get("x-kubernetes-int-or-string"):
            _unfold(found)
        if (items := found.get("items")) is not None:
            found["items"] = self._convert(items)
        if properties := found.get("properties"):
            converted = {}
            for name, schema in properties.items():
                converted[name] = self._convert(schema)
            found["properties"] = converted
        if isinstance(additional := found.get("additionalProperties"), Mapping):
            found["additionalProperties"] = self._convert(additional)
        if found.get(_EMBEDDED) and not (self.is_v2 and found.get(_PRESERVE)):
            self._embed(found)
        return found

    def _embed(self, found: Schema) -> None:
        found["properties"] = {
            **(found.get("properties") or {}), **_EMBEDDED_TYPE_META, "metadata": self._object_meta,
        }
        required = found.get("required") or []
        found["required"] = [*required, *(name for name in ("kind", "apiVersion") if name not in required)]


def _unfold(found: Schema) -> None:
    """int-or-string says what it means in OpenAPI's words, unless it does already."""
    any_of, all_of = found.get("anyOf"), found.get("allOf")
    if any_of == _INT_OR_STRING or (all_of and all_of[0].get("anyOf") == _INT_OR_STRING):
        return
    if not any_of:
        found["anyOf"] = _INT_OR_STRING
    else:
        found["allOf"] = [{"anyOf": _INT_OR_STRING}, *(all_of or ())]


def _reduce(found: Schema) -> None:
    """Leaves out what OpenAPI v2 does not know, and what kubectl cannot cope with there."""
    for name in ("allOf", "oneOf", "anyOf", "not", "default"):
        found.pop(name, None)
    if found.pop("nullable", False):
        for name in ("type", "items", "properties"):
            found.pop(name, None)
    preserves = found.get(_PRESERVE)
    if preserves:
        found.pop("items", None)
        found.pop("properties", None)
    type = found.get("type")
    if (type == "array" and found.get("items") is None) or (type == "object" and preserves):
        del found["type"]
    if required := found.get("required"):
        properties = found.get("properties") or {}
        left = [name for name in required if not properties.get(name, {}).get("nullable")]
        additional = found.get("additionalProperties")
        if not left or (isinstance(additional, Mapping) and additional.get("nullable")):
            del found["required"]
        else:
            found["required"] = left
