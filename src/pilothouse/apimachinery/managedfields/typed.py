"""Field sets, differences and merges of objects of one type (upstream: structured-merge-diff typed/).

`compile.compile_type` turns a `schema.model.Type` into a graph of nodes, once for each type. A node answers for a
value at its place; SMD's walkers (tofieldset.go, compare.go, merge.go, remove.go, reconcile_schema.go, and
EnsureNamedFieldsAreMembers) are one method each. Values are plain JSON data and are never changed.

Go's structs always hold some of their fields (`Field.omit`); for those, an absent key and the zero value mean
the same, which lets an object be compared with `{}` as upstream compares it with a new Go object.
"""

from collections.abc import Collection
from typing import Any, Final, TypeAlias

from pilothouse.apimachinery.equality import same_booleans
from pilothouse.apimachinery.managedfields.fieldset import FieldSet, is_member, member
from pilothouse.apimachinery.managedfields.shapes import ALL, Shapes

Difference: TypeAlias = tuple[FieldSet | None, FieldSet | None]
"""(paths added or modified, paths removed): set nodes, None where there is nothing."""

_ABSENT: Final = object()


class TypedError(ValueError):
    """A value does not fit its type so far that its fields cannot be told."""


def expect(value: Any, shape: type) -> None:
    """Raises TypedError for a value that is no `shape`. Go's types see to that, schemas of custom resources do not:
    the fields of an object are told before it is validated."""
    if not isinstance(value, shape):
        raise TypedError(f"expected {'map' if shape is dict else 'list'}, got {value.__class__.__name__}")


class Node:
    """A scalar: one leaf. Also the protocol of all nodes."""

    __slots__ = ("scalar", "schemaless")

    leaf = True
    """Whether nothing below a value is owned by itself, whatever the value."""

    def __init__(self, scalar: str = "untyped") -> None:
        self.scalar = scalar
        """What SMD calls the scalar: numeric, string, boolean or untyped; "any" takes lists and maps too."""
        self.schemaless = scalar == "any"
        """Whether values hold something of which no schema tells booleans from numbers: == does not suffice."""

    def parts(self) -> "list[Node]":
        """The nodes of what values hold."""
        return []

    def mark(self) -> bool:
        """Work `schemaless` out from the parts. Returns whether anything has changed."""
        return False

    def unchanged(self, old: Any, new: Any) -> bool:
        """Whether two values are the same."""
        return old is new or (old == new and self.agree(old, new))

    def agree(self, old: Any, new: Any) -> bool:
        """Whether two values that are == are the same: looks where no schema tells booleans from numbers."""
        return not self.schemaless or same_booleans(old, new)

    def owned(self, value: Any) -> FieldSet:
        """The set node of a value that stands on one side only: its path and all paths below."""
        return {}

    def fields(self, value: Any) -> FieldSet | None:
        """The set node of a value that a client applies: leaves and items, but not the fields that hold them."""
        return {}

    def created(self, value: Any) -> FieldSet | None:
        """What `diff` tells as changed from Go's zero value, where the two are not the same."""
        return {}

    def diff(self, old: Any, new: Any) -> Difference:
        """What changed between two values known to be unequal; both are present (None is JSON's null)."""
        return {}, None

    def fits(self, value: Any) -> bool:
        """Whether a value that is not None has the shape of its type; `validate` says what is wrong with others."""
        match self.scalar:
            case "string":
                return value.__class__ is str
            case "numeric":
                return value.__class__ is int or value.__class__ is float
            case "boolean":
                return value.__class__ is bool
            case "untyped":
                return value.__class__ is not dict and value.__class__ is not list
        return True

    def fits_whole(self, value: Any) -> bool:
        """As `fits`, of a value that is owned as a whole: the items of a list need not be distinct."""
        return self.fits(value)

    def merge(self, old: Any, new: Any) -> Any:
        """`new` merged over `old`; both are present."""
        return new

    def remove(self, value: Any, fields: FieldSet) -> Any:
        """The value without the members of `fields`; None if nothing is left."""
        return value

    def extract(self, value: Any, fields: FieldSet) -> Any:
        """Only the members of `fields`, and the keys of items that have some."""
        return value

    def named(self, fields: FieldSet) -> FieldSet:
        """`fields` and the struct fields on the way to its members."""
        return fields

    def reconcile(self, fields: FieldSet) -> FieldSet:
        """`fields` after its type may have become atomic: what was owned below is owned as a whole."""
        return fields


class Atomic(Node):
    """A list, map or struct that is owned as a whole. `shape` is its structure, for validation."""

    __slots__ = ("shape",)

    def __init__(self, shape: Node) -> None:
        super().__init__("")
        self.shape = shape

    def parts(self) -> list[Node]:
        return [self.shape]

    def mark(self) -> bool:
        before, self.schemaless = self.schemaless, self.shape.schemaless
        return self.schemaless is not before

    def agree(self, old: Any, new: Any) -> bool:
        return self.shape.agree(old, new)

    def fits(self, value: Any) -> bool:
        return self.shape.fits_whole(value)

    def remove(self, value: Any, fields: FieldSet) -> Any:
        return None

    def reconcile(self, fields: FieldSet) -> FieldSet:
        return {}


class Mapping(Node):
    """A struct (`declared` fields) or a map (`values`), or both."""

    __slots__ = ("_shapes", "declared", "loose", "values", "zeros")

    leaf = False

    def __init__(self) -> None:
        super().__init__("")
        self.declared: dict[str, Node] = {}
        self.values: Node | None = None
        self.zeros: dict[str, Any] = {}
        self._shapes = Shapes(self.child, self.zeros)
        self.loose: Collection[str] = ()
        """The names whose nodes are `schemaless`."""

    def parts(self) -> list[Node]:
        return [*self.declared.values(), *([] if self.values is None else [self.values])]

    def mark(self) -> bool:
        before = self.schemaless
        if self.values is not None and self.values.schemaless:
            self.loose = ALL
        else:
            self.loose = frozenset(name for name, node in self.declared.items() if node.schemaless)
        self.schemaless = bool(self.loose)
        return self.schemaless is not before

    def agree(self, old: Any, new: Any) -> bool:
        if self.loose is ALL or not isinstance(old, dict):
            return super().agree(old, new)
        declared = self.declared
        return all(declared[name].agree(old[name], new[name]) for name in self.loose if name in old)

    def child(self, name: str) -> Node:
        node = self.declared.get(name) or self.values
        if node is None:
            raise TypedError(f".{name}: field not declared in schema")
        return node

    def owned(self, value: Any) -> FieldSet:
        if not value:
            return {}
        expect(value, dict)
        shape = self._shapes.of(value)
        if not shape.nested:
            return shape.member
        out = shape.member.copy()
        for element, name, node in shape.nested:
            out[element] = node.owned(value[name])
        return out

    def fields(self, value: Any) -> FieldSet | None:
        if not value:
            return None
        expect(value, dict)
        shape = self._shapes.of(value)
        if not shape.nested:
            return shape.leaves
        out = shape.leaves.copy()
        declared = self.declared
        for element, name, node in shape.nested:
            item = value[name]
            below = node.fields(item)
            if item is None or item == {} or name not in declared:
                out[element] = member(below)
            elif below is not None:
                out[element] = below
            else:
                del out[element]
        return out or None

    def created(self, value: Any) -> FieldSet | None:
        if not value:
            return {}
        expect(value, dict)
        shape = self._shapes.of(value)
        if not shape.nested and not shape.zeroed:
            return shape.leaves
        out = shape.leaves.copy()
        for element, name, node in shape.others:
            out[element] = node.owned(value[name])
        for element, name, node, zero in shape.zeroed:
            item = value[name]
            below = None if node.unchanged(zero, item) else node.created(item)
            if below is None:
                del out[element]
            else:
                out[element] = below
        return out or None

    def fits(self, value: Any) -> bool:
        if value.__class__ is not dict:
            return False
        declared, values = self.declared, self.values
        for name, item in value.items():
            node = declared.get(name) or values
            if node is None or (item is not None and not node.fits(item)):
                return False
        return True

    def diff(self, old: Any, new: Any) -> Difference:
        if not old:
            if not new:
                return {}, None
            old = {}
        elif not new:
            new = {}
        expect(old, dict)
        expect(new, dict)
        changed: FieldSet = {}
        removed: FieldSet = {}
        zeros, loose = self.zeros, self.loose
        for name, after in new.items():
            before = old.get(name, _ABSENT)
            if before is _ABSENT and (before := zeros.get(name, _ABSENT)) is _ABSENT:
                changed["f:" + name] = self.child(name).owned(after)
            elif before is not after and (
                before != after or (name in loose and not self.child(name).agree(before, after))
            ):
                record("f:" + name, self.child(name).diff(before, after), changed, removed)
        for name, before in old.items():
            if name in new:
                continue
            after = zeros.get(name, _ABSENT)
            if after is _ABSENT:
                removed["f:" + name] = self.child(name).owned(before)
            elif before != after:
                record("f:" + name, self.child(name).diff(before, after), changed, removed)
        return changed or None, removed or None

    def merge(self, old: Any, new: Any) -> Any:
        if not old:
            return new
        if not new:
            return old
        expect(old, dict)
        expect(new, dict)
        out = dict(old)
        for name, item in new.items():
            out[name] = self.child(name).merge(out[name], item) if name in out else item
        return out

    def remove(self, value: Any, fields: FieldSet) -> Any:
        if not isinstance(value, dict):
            return None
        out = {}
        descended = False
        for name, item in value.items():
            below = fields.get("f:" + name)
            if below is not None:
                if is_member(below):
                    continue
                descended = True
                item = keep_container(item, self.child(name).remove(item, below))
            out[name] = item
        return out if out or descended else None

    def extract(self, value: Any, fields: FieldSet) -> Any:
        if not value:
            return value
        expect(value, dict)
        out = {}
        for name, item in value.items():
            below = fields.get("f:" + name)
            if below is not None:
                out[name] = self.child(name).extract(item, below) if below else item
        return out or None

    def named(self, fields: FieldSet) -> FieldSet:
        out: FieldSet = {}
        for element, below in fields.items():
            if below and element[0] == "f":
                name = element[2:]
                declared = self.declared.get(name)
                node = declared or self.values
                if node is not None:
                    below = node.named(below)
                if declared is not None:
                    below = member(below)
            out[element] = below
        return out

    def reconcile(self, fields: FieldSet) -> FieldSet:
        out = fields
        for element, below in fields.items():
            if not below or element[0] != "f":
                continue
            node = self.declared.get(element[2:]) or self.values
            if node is not None and (reconciled := node.reconcile(below)) is not below:
                if out is fields:
                    out = dict(fields)
                out[element] = reconciled
        return out


def record(element: str, difference: Difference, changed: FieldSet, removed: FieldSet) -> None:
    below_changed, below_removed = difference
    if below_changed is not None:
        changed[element] = below_changed
    if below_removed is not None:
        removed[element] = below_removed


def keep_container(before: Any, after: Any) -> Any:
    """A container out of which something was removed stays, if only empty."""
    if after is None:
        if isinstance(before, dict):
            return {}
        if isinstance(before, list):
            return []
    return after
