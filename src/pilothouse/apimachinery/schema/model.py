"""The shape of types (the design's first idea).

A `Type` is a node of a possibly recursive graph: struct, map, list or scalar. Decoding, pruning,
defaulting, strategic merge, field management, protobuf and OpenAPI all walk (or compile closures from)
this structure and nothing else. Built-in types come from `catalog`; a custom resource's schema compiles
to the same classes.
"""

from collections.abc import Mapping
from typing import Final

from pilothouse.apimachinery.gvk import GroupVersionKind

STRUCT: Final = "struct"
MAP: Final = "map"
LIST: Final = "list"
SCALAR: Final = "scalar"

# scalar formats
STRING: Final = "string"
BOOL: Final = "bool"
INT32: Final = "int32"
INT64: Final = "int64"
DOUBLE: Final = "double"
BYTES: Final = "bytes"
"""base64 text on the wire."""
QUANTITY: Final = "quantity"
INT_OR_STRING: Final = "int-or-string"
TIME: Final = "time"
MICRO_TIME: Final = "micro-time"
DURATION: Final = "duration"
RAW: Final = "raw"
"""Any JSON, kept as it is (RawExtension, JSON, FieldsV1)."""
SCHEMA_OR_ARRAY: Final = "schema-or-array"
SCHEMA_OR_BOOL: Final = "schema-or-bool"
SCHEMA_OR_STRINGS: Final = "schema-or-strings"
"""A JSON schema (`items`) or a list of them, a bool, a list of strings (apiextensions' JSONSchemaPropsOr…)."""


class Type:
    """One node. Attributes that do not belong to the node's `kind` keep their neutral value.

    list: `items`, `list_type` ("atomic", "set", "map"), `map_keys` (with `key_defaults` for keys that may
    be absent). map: `values`, `atomic` when x-kubernetes-map-type is atomic. struct: `fields` in Go's
    order, `atomic` likewise; `format` RAW where scalars and lists may stand in its place (custom resources only).
    scalar: `format`, `enum` (the values kube-apiserver's documents list; not
    every one is enforced).
    """

    __slots__ = (
        "atomic", "compiled", "enum", "fields", "format", "go_name", "gvks", "items", "key_defaults", "kind",
        "list_type", "map_keys", "name", "preserve_unknown", "values",
    )

    def __init__(self, kind: str, name: str = "") -> None:
        self.kind = kind
        self.name = name
        """OpenAPI v2 name of a struct ("io.k8s.api.core.v1.PodSpec"), or ""."""
        self.go_name = ""
        """The Go type as error texts print it: "v1.PodSpec", "[]v1.Container", "v1.RestartPolicy", "int32"."""
        self.fields: Mapping[str, Field] = {}
        self.items: Type | None = None
        self.values: Type | None = None
        self.list_type = "atomic"
        self.map_keys: tuple[str, ...] = ()
        self.key_defaults: Mapping[str, object] = {}
        self.atomic = False
        self.format = ""
        self.enum: tuple[str, ...] = ()
        self.gvks: tuple[GroupVersionKind, ...] = ()
        self.preserve_unknown = False
        self.compiled: dict[str, object] = {}
        """Closures that mechanisms compiled for this node, by mechanism name."""


class Field:
    """A struct's field: its wire name, type, and how Go writes it.

    `omit` is "" (always written: a zero value stands as "", 0, false, null for nil lists, maps and
    pointers), "empty" (omitempty) or "zero" (omitzero: a struct that is all zero is left out too).
    `pointer` fields keep an explicit zero; non-pointer omitempty ones lose it. `required` is OpenAPI's.
    `inline` fields do not exist: embedded structs are flattened. `proto_path` gives the protobuf numbers from
    the struct to the field: more than one where Go embeds a message, empty where protobuf has no such field.
    `default` is what Go's declaration says for the documents and for list-map keys, or None.
    """

    __slots__ = (
        "default", "name", "omit", "patch_merge_key", "patch_strategy", "pointer", "proto_path", "required", "type",
    )

    def __init__(
        self,
        name: str,
        type: Type,
        *,
        omit: str = "empty",
        pointer: bool = False,
        required: bool = False,
        patch_strategy: tuple[str, ...] = (),
        patch_merge_key: str = "",
        proto_path: tuple[int, ...] = (),
        default: object = None,
    ) -> None:
        self.name = name
        self.type = type
        self.omit = omit
        self.pointer = pointer
        self.required = required
        self.patch_strategy = patch_strategy
        self.patch_merge_key = patch_merge_key
        self.proto_path = proto_path
        self.default = default
