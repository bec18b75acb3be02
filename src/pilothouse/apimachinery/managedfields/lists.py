"""Nodes for lists whose items are owned one by one (upstream: structured-merge-diff typed/)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pilothouse.apimachinery.managedfields.fieldset import FieldSet, is_member, member
from pilothouse.apimachinery.managedfields.pathelement import json_string, json_value, sort_key
from pilothouse.apimachinery.managedfields.typed import Difference, Node, TypedError, expect, keep_container, record


class Items(Node):
    """A list whose items have a path element each: a keyed list, or (see `SetItems`) a set.

    `keys` are the names of the key fields; `defaults` hold for those that an item omits.
    """

    __slots__ = ("_pieces", "defaults", "item", "keys")

    leaf = False

    def __init__(self, keys: Iterable[str] = (), defaults: Mapping[str, object] | None = None) -> None:
        super().__init__("")
        self.keys = tuple(keys)
        self.defaults = defaults or {}
        self._pieces = tuple((name, json_string(name) + ":") for name in sorted(self.keys))
        self.item = Node()

    def parts(self) -> list[Node]:
        return [self.item]

    def mark(self) -> bool:
        before, self.schemaless = self.schemaless, self.item.schemaless
        return self.schemaless is not before

    def agree(self, old: Any, new: Any) -> bool:
        if not isinstance(old, list):
            return super().agree(old, new)
        return not self.schemaless or all(map(self.item.agree, old, new))

    def element(self, item: Any) -> str:
        """The item's path element. Raises TypedError with SMD's wording."""
        if item.__class__ is dict and len(self._pieces) == 1:
            name, prefix = self._pieces[0]
            value = item.get(name)
            if value.__class__ is str:
                return "k:{" + prefix + json_string(value) + "}"
        if not isinstance(item, dict):
            what = "a null element" if item is None else "non-map elements"
            raise TypedError(f"associative list with keys may not have {what}")
        parts = []
        for name, prefix in self._pieces:
            value = item.get(name)
            if value is None and name not in item:
                value = self.defaults.get(name)
                if value is None:
                    continue
            parts.append(prefix + (json_string(value) if value.__class__ is str else json_value(value)))
        if not parts:
            names = "[" + " ".join(json_string(name) for name in self.keys) + "]"
            raise TypedError(
                f"associative list with keys has an element that omits all key fields {names} "
                "(and doesn't have default values for any key fields)"
            )
        return "k:{" + ",".join(parts) + "}"

    def _index(self, items: Any) -> dict[str, list[Any]]:
        out: dict[str, list[Any]] = {}
        if not items:
            return out
        expect(items, list)
        element = self.element
        for item in items:
            out.setdefault(element(item), []).append(item)
        return out

    def _sorted(self, items: Any) -> list[tuple[str, list[Any]]]:
        """`_index` in the order in which sets are written."""
        found = list(self._index(items).items())
        if len(found) > 1:
            found.sort(key=_by_element)
        return found

    def owned(self, value: Any) -> FieldSet:
        if not value:
            return {}
        return {".": {}, **self.created(value)}

    def created(self, value: Any) -> FieldSet:
        if not value:
            return {}
        owned = self.item.owned
        return {e: owned(items[0]) if len(items) == 1 else {} for e, items in self._sorted(value)}

    def fields(self, value: Any) -> FieldSet | None:
        if not value:
            return None
        fields = self.item.fields
        return {e: member(fields(items[0])) if len(items) == 1 else {} for e, items in self._sorted(value)}

    def fits(self, value: Any) -> bool:
        if not self.fits_whole(value):
            return False
        try:
            return len({self.element(item) for item in value}) == len(value)
        except TypedError:
            return False

    def fits_whole(self, value: Any) -> bool:
        if value.__class__ is not list:
            return False
        fits = self.item.fits
        return all(item is None or fits(item) for item in value)

    def diff(self, old: Any, new: Any) -> Difference:
        if not old and not new:
            return {}, None
        before, after = self._index(old), self._index(new)
        changed: FieldSet = {}
        removed: FieldSet = {}
        for element, items in after.items():
            previous = before.get(element)
            if previous != items or (self.schemaless and not all(map(self.item.agree, previous, items))):
                self._diff_items(element, previous or [], items, changed, removed)
        for element, previous in before.items():
            if element not in after:
                self._diff_items(element, previous, [], changed, removed)
        return changed or None, removed or None

    def _diff_items(self, element: str, old: list[Any], new: list[Any], changed: FieldSet, removed: FieldSet) -> None:
        """Items of one path element; repeated ones are compared and owned as a whole."""
        match len(old), len(new):
            case 1, 1:
                record(element, self.item.diff(old[0], new[0]), changed, removed)
            case 0, 1:
                changed[element] = self.item.owned(new[0])
            case 1, 0:
                removed[element] = self.item.owned(old[0])
            case _, (0 | 1):
                if new:
                    changed[element] = self.item.owned(new[0])
                removed[element] = {}
            case (0 | 1), _:
                if old:
                    removed[element] = self.item.owned(old[0])
                changed[element] = {}
            case _:
                changed[element] = {}

    def merge(self, old: Any, new: Any) -> Any:
        if not new:
            return old or new
        if not old:
            return new
        expect(old, list)
        expect(new, list)
        return _Merger(self, old, new).run()

    def merge_item(self, old: Any, new: Any) -> Any:
        return self.item.merge(old, new)

    def remove(self, value: Any, fields: FieldSet) -> Any:
        if not isinstance(value, list):
            return None
        out = []
        descended = False
        for item in value:
            below = fields.get(self.element(item))
            if below is not None:
                if is_member(below):
                    continue
                descended = True
                item = keep_container(item, self.item.remove(item, below))
            out.append(item)
        return out if out or descended else None

    def extract(self, value: Any, fields: FieldSet) -> Any:
        if not value:
            return value
        expect(value, list)
        out = []
        for item in value:
            below = fields.get(self.element(item))
            if below is not None:
                out.append(self._with_keys(item, self.item.extract(item, below)) if below else item)
        return out or None

    def _with_keys(self, item: Any, extracted: Any) -> Any:
        """An extracted item, able to be found again by its keys (upstream: WithAppendKeyFields)."""
        keys = {name: item[name] for name in self.keys if name in item}
        return {**keys, **extracted} if isinstance(extracted, dict) else keys or extracted

    def named(self, fields: FieldSet) -> FieldSet:
        return {e: self.item.named(below) if below and e[0] == "k" else below for e, below in fields.items()}

    def reconcile(self, fields: FieldSet) -> FieldSet:
        out = fields
        for element, below in fields.items():
            if below and (reconciled := self.item.reconcile(below)) is not below:
                if out is fields:
                    out = dict(fields)
                out[element] = reconciled
        return out


class SetItems(Items):
    """A list of distinct scalars."""

    __slots__ = ()

    def element(self, item: Any) -> str:
        if isinstance(item, dict):
            raise TypedError("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise TypedError("not supported: associative list with lists as elements")
        if item is None:
            raise TypedError("associative list without keys has an element that's an explicit null")
        return "v:" + json_value(item)


def _by_element(entry: tuple[str, list[Any]]) -> Any:
    return sort_key(entry[0])


class _Merger:
    """Merges two lists: the items of both, in the order of `new` as far as it speaks, else in that of `old`.

    (upstream: mergingWalker.visitListItems) Shared items come in the order of `new`; items only in `old` keep
    their place relative to the shared ones.
    """

    def __init__(self, node: Items, old: list[Any], new: list[Any]) -> None:
        self.node = node
        self.old = old
        self.old_elements = [node.element(item) for item in old]
        self.new_elements = [node.element(item) for item in new]
        self.old_items: dict[str, Any] = {}
        for element, item in zip(self.old_elements, old, strict=True):
            # A repeated item of the live object is not merged with the new one.
            self.old_items[element] = None if element in self.old_items else item
        self.new_items = dict(zip(self.new_elements, new, strict=True))
        self.shared = iter([e for e in self.new_elements if e in self.old_items])
        self.next_shared = next(self.shared, None)
        self.merged: set[str] = set()
        self.out: list[Any] = []

    def run(self) -> list[Any]:
        old_elements, new_elements = self.old_elements, self.new_elements
        i = j = 0
        while i < len(old_elements) or j < len(new_elements):
            if i < len(old_elements):
                element = old_elements[i]
                if j < len(new_elements):
                    if element == new_elements[j]:
                        self._take(element)
                        self.next_shared = next(self.shared, None)
                        i += 1
                        j += 1
                        continue
                    if element in self.new_items and self.next_shared not in (None, element):
                        i += 1
                        continue
                if element not in self.new_items:
                    self.out.append(self.old[i])
                    i += 1
                    continue
                if element in self.merged:
                    i += 1
            if j < len(new_elements):
                element = new_elements[j]
                self._take(element)
                j += 1
                if element == self.next_shared:
                    self.next_shared = next(self.shared, None)
        return self.out

    def _take(self, element: str) -> None:
        self.merged.add(element)
        new = self.new_items[element]
        old = self.old_items.get(element)
        self.out.append(new if old is None else self.node.item.merge(old, new))
