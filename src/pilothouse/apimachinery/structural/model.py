"""The structural schema of a custom resource (upstream: apiextensions-apiserver pkg/apiserver/schema structural.go,
convert.go, unfold.go).

`new_structural` reads a decoded JSONSchemaProps (wire form) once; whatever validates, prunes, defaults or documents
custom resources reads the `Structural` that it gives. Nodes are not changed after that: mechanisms keep the closures
that they compile for a node with the node (`Schema.compiled`).

Recursion: a schema is as deep as the JSON that it came from, which the decoders bound at 240 levels.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pilothouse.apimachinery import field

_T = TypeVar("_T")


class StructuralError(ValueError):
    """A schema that definition validation should have refused, in upstream's words."""


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """One of `x-kubernetes-validations`. `reason` and `optional_old_self` are None when unset."""

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str | None = None
    field_path: str = ""
    optional_old_self: bool | None = None


class ValueValidation:
    """What restricts values without giving them structure. Numbers are None, texts "" and lists () when unset.

    `enum` holds JSON values. The junctors hold `NestedValueValidation`s; `not_` is None when unset.
    """

    __slots__ = (
        "all_of", "any_of", "enum", "exclusive_maximum", "exclusive_minimum", "format", "max_items", "max_length",
        "max_properties", "maximum", "min_items", "min_length", "min_properties", "minimum", "multiple_of", "not_",
        "one_of", "pattern", "required", "unique_items",
    )

    def __init__(self) -> None:
        self.format = ""
        self.maximum: float | None = None
        self.exclusive_maximum = False
        self.minimum: float | None = None
        self.exclusive_minimum = False
        self.max_length: int | None = None
        self.min_length: int | None = None
        self.pattern = ""
        self.max_items: int | None = None
        self.min_items: int | None = None
        self.unique_items = False
        self.multiple_of: float | None = None
        self.enum: tuple[Any, ...] = ()
        self.max_properties: int | None = None
        self.min_properties: int | None = None
        self.required: tuple[str, ...] = ()
        self.all_of: tuple[NestedValueValidation, ...] = ()
        self.any_of: tuple[NestedValueValidation, ...] = ()
        self.one_of: tuple[NestedValueValidation, ...] = ()
        self.not_: NestedValueValidation | None = None

    def junctors(self) -> Iterator[tuple[str, "NestedValueValidation"]]:
        """(path step, schema) of every nested validation: ("anyOf[0]", …), ("not", …)."""
        for name, schemas in (("allOf", self.all_of), ("anyOf", self.any_of), ("oneOf", self.one_of)):
            for i, schema in enumerate(schemas):
                yield field.index(name, i), schema
        if self.not_ is not None:
            yield "not", self.not_


#: Shared by all nodes that validate nothing.
NO_VALIDATION: Final = ValueValidation()


class Schema:
    """What `Structural` and `NestedValueValidation` have in common: generics, extensions and value validation.

    `default` and `example` are JSON values, None when unset (an explicit null is the same as unset, as upstream reads
    it). `list_type` and `map_type` are None when unset. `external_docs` is (description, url) or None.
    """

    __slots__ = (
        "_compiled", "default", "description", "embedded_resource", "example", "external_docs", "int_or_string",
        "list_map_keys", "list_type", "map_type", "nullable", "preserve_unknown_fields", "title", "type",
        "validations", "value_validation",
    )

    def __init__(self) -> None:
        self.description = ""
        self.type = ""
        self.title = ""
        self.default: Any = None
        self.nullable = False
        self.external_docs: tuple[str, str] | None = None
        self.example: Any = None
        self.preserve_unknown_fields = False
        self.embedded_resource = False
        self.int_or_string = False
        self.list_map_keys: tuple[str, ...] = ()
        self.list_type: str | None = None
        self.map_type: str | None = None
        self.validations: tuple[ValidationRule, ...] = ()
        self.value_validation = NO_VALIDATION
        self._compiled: dict[str, Any] | None = None

    def compiled(self, mechanism: str, build: Callable[[], _T]) -> _T:
        """What `mechanism` made of this node; `build` makes it on first use."""
        kept = self._compiled
        if kept is None:
            kept = self._compiled = {}
        if mechanism not in kept:
            kept[mechanism] = build()
        known: _T = kept[mechanism]
        return known


#: Bits of `Structural.below`.
DEFAULTS: Final = 1
EMBEDDED: Final = 2
LIST_TYPES: Final = 4


class Structural(Schema):
    """One node of a structural schema. `additional_properties` is a schema, a bool, or None when unset.

    `below` has a bit for each of what may occur in the nodes below this one: defaults, embedded resources, sets and
    maps. Mechanisms leave out what has nothing for them.
    """

    __slots__ = ("additional_properties", "below", "items", "properties")

    def __init__(self) -> None:
        super().__init__()
        self.below = DEFAULTS | EMBEDDED | LIST_TYPES
        self.properties: Mapping[str, Structural] = {}
        self.additional_properties: Structural | bool | None = None
        self.items: Structural | None = None

    def children(self) -> "Iterator[tuple[str, Structural]]":
        """(path step, schema) of the nodes below: ("items", …), ("properties[spec]", …) and so on."""
        if self.items is not None:
            yield "items", self.items
        for name, schema in self.properties.items():
            yield f"properties[{name}]", schema
        if isinstance(self.additional_properties, Structural):
            yield "additionalProperties", self.additional_properties

    def walk(self, path: str = "") -> "Iterator[tuple[str, Structural]]":
        """(path, schema) of this node and all below, parents first, without recursion."""
        stack: list[tuple[str, Structural]] = [(path, self)]
        while stack:
            at, node = stack.pop()
            yield at, node
            stack.extend(reversed([(field.child(at, step), child) for step, child in node.children()]))


class NestedValueValidation(Schema):
    """A schema under a logical junctor. Generics and extensions on it make the whole schema non-structural (but for
    the int-or-string patterns): upstream calls them ForbiddenGenerics and ForbiddenExtensions.

    `additional_properties: true` is the empty schema; `false` is None.
    """

    __slots__ = ("additional_properties", "items", "properties")

    def __init__(self) -> None:
        super().__init__()
        self.properties: Mapping[str, NestedValueValidation] = {}
        self.additional_properties: NestedValueValidation | None = None
        self.items: NestedValueValidation | None = None

    def children(self) -> "Iterator[tuple[str, NestedValueValidation]]":
        """(path step, schema) of the nodes below, without those of the node's own junctors."""
        if self.items is not None:
            yield "items", self.items
        for name, schema in self.properties.items():
            yield f"properties[{name}]", schema
        if self.additional_properties is not None:
            yield "additionalProperties", self.additional_properties


def _facts(node: Structural) -> int:
    """The bits of a node itself and of what is below it."""
    facts = node.below
    if node.default is not None:
        facts |= DEFAULTS
    if node.embedded_resource:
        facts |= EMBEDDED
    if node.list_type in ("set", "map"):
        facts |= LIST_TYPES
    return facts


def new_structural(props: Mapping[str, Any]) -> Structural:
    """The structural schema of a decoded JSONSchemaProps in wire form. Raises StructuralError."""
    node = Structural()
    _check_unsupported(props)
    node.value_validation = _read_validation(props)
    _read(props, node)
    below = 0
    if (items := props.get("items")) is not None and isinstance(items, Mapping):
        node.items = new_structural(items)
        below |= _facts(node.items)
    if properties := props.get("properties"):
        read: dict[str, Structural] = {}
        for name, schema in properties.items():
            child = read[name] = new_structural(schema)
            below |= _facts(child)
        node.properties = read
    additional = props.get("additionalProperties")
    if isinstance(additional, Mapping):
        node.additional_properties = new_structural(additional)
        below |= _facts(node.additional_properties)
    elif additional is not None:
        node.additional_properties = bool(additional)
    node.below = below
    return node


def new_nested(props: Mapping[str, Any]) -> NestedValueValidation:
    """The same for a schema below a junctor. Raises StructuralError."""
    node = NestedValueValidation()
    _check_unsupported(props)
    node.value_validation = _read_validation(props)
    _read(props, node)
    if (items := props.get("items")) is not None and isinstance(items, Mapping):
        node.items = new_nested(items)
    if properties := props.get("properties"):
        read: dict[str, NestedValueValidation] = {}
        for name, schema in properties.items():
            read[name] = new_nested(schema)
        node.properties = read
    additional = props.get("additionalProperties")
    if isinstance(additional, Mapping):
        node.additional_properties = new_nested(additional)
    elif additional:
        node.additional_properties = NestedValueValidation()
    return node


def _read(props: Mapping[str, Any], node: Schema) -> None:
    """The generics and extensions. (What recurses is not called from here, to use few frames a level.)"""
    node.description = props.get("description") or ""
    node.type = props.get("type") or ""
    node.title = props.get("title") or ""
    node.default = props.get("default")
    node.nullable = bool(props.get("nullable"))
    node.example = props.get("example")
    if (docs := props.get("externalDocs")) is not None:
        node.external_docs = (docs.get("description") or "", docs.get("url") or "")
    node.embedded_resource = bool(props.get("x-kubernetes-embedded-resource"))
    node.int_or_string = bool(props.get("x-kubernetes-int-or-string"))
    node.list_map_keys = tuple(props.get("x-kubernetes-list-map-keys") or ())
    node.list_type = props.get("x-kubernetes-list-type")
    node.map_type = props.get("x-kubernetes-map-type")
    preserve = props.get("x-kubernetes-preserve-unknown-fields")
    if preserve is not None and not preserve:
        raise StructuralError("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined")
    node.preserve_unknown_fields = bool(preserve)
    if rules := props.get("x-kubernetes-validations"):
        node.validations = tuple(map(_read_rule, rules))
    if isinstance(props.get("items"), list) and props["items"]:
        raise StructuralError("OpenAPIV3Schema 'items' must be a schema, but is an array")


_UNSUPPORTED: Final = ("id", "$schema", "$ref", "patternProperties", "dependencies")


def _check_unsupported(props: Mapping[str, Any]) -> None:
    for name in _UNSUPPORTED:
        if props.get(name):
            raise StructuralError(f"OpenAPIV3Schema '{name.replace('$schema', 'schema')}' is not supported")
    if props.get("additionalItems") is not None:
        raise StructuralError("OpenAPIV3Schema 'additionalItems' is not supported")
    if props.get("definitions"):
        raise StructuralError("OpenAPIV3Schema 'definitions' is not supported")


def _read_rule(rule: Mapping[str, Any]) -> ValidationRule:
    return ValidationRule(
        rule=rule.get("rule") or "",
        message=rule.get("message") or "",
        message_expression=rule.get("messageExpression") or "",
        reason=rule.get("reason"),
        field_path=rule.get("fieldPath") or "",
        optional_old_self=rule.get("optionalOldSelf"),
    )


_NUMBERS: Final = {
    "maximum": "maximum", "minimum": "minimum", "maxLength": "max_length", "minLength": "min_length",
    "maxItems": "max_items", "minItems": "min_items", "multipleOf": "multiple_of",
    "maxProperties": "max_properties", "minProperties": "min_properties",
}
_FLAGS: Final = {
    "exclusiveMaximum": "exclusive_maximum", "exclusiveMinimum": "exclusive_minimum", "uniqueItems": "unique_items",
}
_TEXTS: Final = {"format": "format", "pattern": "pattern"}
_LISTS: Final = {"enum": "enum", "required": "required"}
_JUNCTORS: Final = {"allOf": "all_of", "anyOf": "any_of", "oneOf": "one_of"}
_VALIDATING: Final = frozenset((*_NUMBERS, *_FLAGS, *_TEXTS, *_LISTS, *_JUNCTORS, "not"))


def _read_validation(props: Mapping[str, Any]) -> ValueValidation:
    if _VALIDATING.isdisjoint(props):
        return NO_VALIDATION
    v = ValueValidation()
    if (inverted := props.get("not")) is not None:
        v.not_ = new_nested(inverted)
    for wire, name in _NUMBERS.items():
        setattr(v, name, props.get(wire))
    for wire, name in _FLAGS.items():
        setattr(v, name, bool(props.get(wire)))
    for wire, name in _TEXTS.items():
        setattr(v, name, props.get(wire) or "")
    for wire, name in _LISTS.items():
        setattr(v, name, tuple(props.get(wire) or ()))
    for wire, name in _JUNCTORS.items():
        schemas = []
        for schema in props.get(wire) or ():
            schemas.append(new_nested(schema))
        setattr(v, name, tuple(schemas))
    return v


_NESTED: Final = NestedValueValidation()
_VALIDATION_SLOTS: Final = ValueValidation.__slots__
_SCHEMA_SLOTS: Final = tuple(name for name in Schema.__slots__ if name not in ("_compiled", "value_validation"))


def is_zero_validation(v: ValueValidation) -> bool:
    """Whether it validates nothing at all."""
    return v is NO_VALIDATION or all(getattr(v, name) == getattr(NO_VALIDATION, name) for name in _VALIDATION_SLOTS)


def is_zero_schema(node: Schema, but: tuple[str, ...] = ()) -> bool:
    """Whether generics, extensions, rules and value validation are all unset. It does not look at children, nor at
    the attributes `but`."""
    return is_zero_validation(node.value_validation) and all(
        name in but or getattr(node, name) == getattr(_NESTED, name) for name in _SCHEMA_SLOTS
    )


def is_int_or_string_pattern(schemas: tuple[NestedValueValidation, ...]) -> bool:
    """Whether an `anyOf` is exactly integer, string (upstream: intOrStringAnyOf)."""
    return len(schemas) == 2 and _has_only_type(schemas[0], "integer") and _has_only_type(schemas[1], "string")


def _has_only_type(node: NestedValueValidation, type: str) -> bool:
    if node.type != type or node.properties or node.items is not None or node.additional_properties is not None:
        return False
    return is_zero_schema(node, but=("type",))


def is_int_or_string_any_of(node: Structural) -> bool:
    """The first of the patterns that int-or-string allows: `anyOf: [{type: integer}, {type: string}]`."""
    return is_int_or_string_pattern(node.value_validation.any_of)


def is_int_or_string_all_of(node: Structural) -> bool:
    """The second: that `anyOf` in the first schema of `allOf`."""
    all_of = node.value_validation.all_of
    return bool(all_of) and is_int_or_string_pattern(all_of[0].value_validation.any_of)
