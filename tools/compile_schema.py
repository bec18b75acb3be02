"""Compile the built-in types to the JSON that the package carries. Run by `hatch_build.py`.

`types.json` is {"nodes": [...], "types": {OpenAPI name: node}, "kinds": [[group, version, kind, node]],
"defaults": {…}}. A node is a list; references to other nodes are indexes into "nodes":

- ["struct", OpenAPI name, Go name, atomic, fields], a field being
  [JSON name, node, omit, pointer, required, patch strategies, merge key, protobuf path];
- ["list", items, list type, map keys, Go type];
- ["map", values, atomic, Go type];
- ["scalar", format, Go type, enum] or, for JSON schemas' unions, ["scalar", format, Go type, [], items].

"defaults" are declared defaults by type and field. `openapi_v2.json` and `openapi_v3.json` are the definitions as
OpenAPI documents hold them, by name. The shapes are read by `pilothouse.apimachinery.schema.catalog`.
"""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openapi_definitions import v2_definition, v3_definition

DEFINITIONS = "kubernetes-json-schema/v1.36.0-local/_definitions.json"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

#: Types with a JSON form of their own.
_SPECIAL = {
    _META + "Time": "time",
    _META + "MicroTime": "micro-time",
    _META + "Duration": "duration",
    _META + "FieldsV1": "raw",
    _META + "Patch": "raw",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    _EXTENSIONS + "JSON": "raw",
    _EXTENSIONS + "JSONSchemaPropsOrArray": "schema-or-array",
    _EXTENSIONS + "JSONSchemaPropsOrBool": "schema-or-bool",
    _EXTENSIONS + "JSONSchemaPropsOrStringArray": "schema-or-strings",
}
_INTEGERS = {"int32": "int32", "int64": "int64"}


def definitions() -> dict[str, Any]:
    """The OpenAPI v2 definitions that kubernetes-validate carries. The package itself is not imported."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("kubernetes-validate is needed to build the type schema")
    with open(Path(spec.submodule_search_locations[0]) / DEFINITIONS, encoding="utf-8") as f:
        found: dict[str, Any] = json.load(f)["$defs"]
    return found


class GoField:
    """One line of go_fields.tsv."""

    __slots__ = ("blank", "default", "enum", "go_type", "json", "numbers", "omit")

    def __init__(
        self, json_name: str, omit: str, go_type: str, numbers: str, default: str, enum: str, blank: str
    ) -> None:
        self.json = json_name
        self.omit = "" if omit == "-" else omit
        self.go_type = go_type
        self.numbers = [] if numbers == "-" else [int(n) for n in numbers.split(".")]
        self.default = None if default == "-" else json.loads(default)
        self.enum = None if enum == "-" else enum
        self.blank = blank == "blank"


def _lines(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def go_fields(path: Path) -> dict[str, dict[str, GoField]]:
    found: dict[str, dict[str, GoField]] = {}
    for name, *columns in _lines(path):
        field = GoField(*columns)
        found.setdefault(name, {})[field.json] = field
    return found


def go_enums(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for enum, value, said in _lines(path):
        found.setdefault(enum, {})[value] = said
    return found


class Compiler:
    """Turns definitions into nodes, sharing equal ones."""

    def __init__(
        self,
        defs: Mapping[str, Any],
        fields: Mapping[str, Mapping[str, GoField]],
        enums: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.defs = defs
        self.fields = fields
        self.enums = enums
        self.nodes: list[list[Any] | None] = []
        self.structs: dict[str, int] = {}
        self._known: dict[str, int] = {}

    def struct(self, name: str) -> int:
        if name not in self.structs:
            self.structs[name] = index = len(self.nodes)
            self.nodes.append(None)  # the type may contain itself
            definition = self.defs[name]
            package, _, short = name.rpartition(".")
            fields = list(self._fields(name, definition))
            atomic = definition.get("x-kubernetes-map-type") == "atomic"
            self.nodes[index] = ["struct", name, f"{package.rpartition('.')[2]}.{short}", atomic, fields]
        return self.structs[name]

    def _fields(self, name: str, definition: Mapping[str, Any]) -> Iterator[list[Any]]:
        properties = definition.get("properties", {})
        go = self.fields.get(name, {})
        if go.keys() != properties.keys():
            raise ValueError(f"{name}: OpenAPI and Go disagree on {sorted(go.keys() ^ properties.keys())}")
        required = set(definition.get("required", ()))
        for field in go.values():
            schema = properties[field.json]
            strategies = [s for s in schema.get("x-kubernetes-patch-strategy", "").split(",") if s]
            yield [
                field.json, self.node(schema, field.go_type.removeprefix("*"), field.enum), field.omit,
                field.go_type.startswith("*"), field.json in required, strategies,
                schema.get("x-kubernetes-patch-merge-key", ""), field.numbers,
            ]

    def node(self, schema: Mapping[str, Any], go_type: str, enum: str | None) -> int:
        if "$ref" in schema:
            target = schema["$ref"].rpartition("/")[2]
            if target not in _SPECIAL:
                return self.struct(target)
            node: list[Any] = ["scalar", _SPECIAL[target], go_type, []]
            if _SPECIAL[target].startswith("schema-"):
                node.append(self.struct(_EXTENSIONS + "JSONSchemaProps"))
            return self._shared(node)
        kind = next(t for t in _as_list(schema["type"]) if t != "null")
        if kind == "array":
            items = self.node(schema["items"], go_type.removeprefix("[]").removeprefix("*"), enum)
            keys = schema.get("x-kubernetes-list-map-keys", [])
            return self._shared(["list", items, schema.get("x-kubernetes-list-type", "atomic"), keys, go_type])
        if kind == "object":
            values = self.node(schema.get("additionalProperties", {"type": "string"}), _map_value(go_type), enum)
            return self._shared(["map", values, schema.get("x-kubernetes-map-type") == "atomic", go_type])
        return self._shared(["scalar", _format(kind, schema, go_type), go_type, self._values(enum)])

    def _values(self, enum: str | None) -> list[str]:
        return sorted(self.enums[enum]) if enum else []

    def _shared(self, node: list[Any]) -> int:
        key = json.dumps(node)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(node)
        return self._known[key]

    def key_defaults(self) -> dict[str, dict[str, Any]]:
        """Per struct, the declared defaults: what an absent list-map key means."""
        found: dict[str, dict[str, Any]] = {}
        for name in self.structs:
            for field in self.fields.get(name, {}).values():
                if field.default is not None:
                    found.setdefault(name, {})[field.json] = field.default
        return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _map_value(go_type: str) -> str:
    return go_type.partition("]")[2].removeprefix("*") if go_type.startswith("map[") else ""


def _format(kind: str, schema: Mapping[str, Any], go_type: str) -> str:
    if kind == "integer":
        return "int64" if go_type == "int" else _INTEGERS[schema["format"]]
    if kind == "string":
        return "bytes" if schema.get("format") == "byte" else "string"
    return {"boolean": "bool", "number": "double"}[kind]


def compile_schema(folder: Path) -> dict[str, Any]:
    """The documents by file name. `folder` holds the tables. Raises ValueError when the sources disagree."""
    defs = definitions()
    enums = go_enums(folder / "go_enums.tsv")
    fields = go_fields(folder / "go_fields.tsv")
    compiler = Compiler(defs, fields, enums)
    kinds = []
    for name in sorted(defs):
        if name in _SPECIAL:
            continue
        node = compiler.struct(name)
        for gvk in defs[name].get("x-kubernetes-group-version-kind", ()):
            kinds.append([gvk["group"], gvk["version"], gvk["kind"], node])
    types = {
        "nodes": compiler.nodes, "types": compiler.structs, "kinds": kinds, "defaults": compiler.key_defaults(),
    }
    defs |= json.loads((folder / "go_unions.json").read_text(encoding="utf-8"))  # garbled by kubernetes-validate
    v2 = {name: v2_definition(defs[name], fields.get(name, {}), enums) for name in sorted(defs)}
    v3 = {name: v3_definition(name, v2[name], fields.get(name, {})) for name in v2}
    return {"types.json": types, "openapi_v2.json": v2, "openapi_v3.json": v3}
