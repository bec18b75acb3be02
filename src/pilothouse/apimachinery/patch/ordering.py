"""The order of items in merged lists (upstream: strategicpatch/patch.go).

Items of the patch come in its order, those that only the server has in theirs; the two are interleaved by the
server's order as far as that is possible.
"""

from typing import Any

import orjson

from pilothouse.apimachinery.patch.errors import rejected
from pilothouse.apimachinery.patch.goprint import plain, type_name
from pilothouse.apimachinery.status import StatusError, plain_internal


def _same(a: Any, b: Any) -> bool:
    return a.__class__ is b.__class__ and bool(a == b)


def _mark(value: Any) -> Any:
    """What two values have in common if they are the same, and can be looked up."""
    kind = value.__class__
    return (kind, orjson.dumps(value, option=orjson.OPT_SORT_KEYS) if kind in (dict, list) else value)


def without(items: list[Any], removed: list[Any]) -> list[Any]:
    """The items that are none of `removed`."""
    marks = {_mark(item) for item in removed}
    return [item for item in items if _mark(item) not in marks]


def without_keys(items: list[Any], merge_key: str, removed: list[Any]) -> list[Any]:
    """The maps whose key is none of `removed`."""
    marks = {_mark(value) for value in removed}
    return [item for item in items if merge_key not in item or _mark(item[merge_key]) not in marks]


def distinct(items: list[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(_mark(item), item)
    return list(found.values())


class Index:
    """Where the first item with a key stands in a list of maps. Raises for an item that is no map, as a search would
    that comes upon it."""

    def __init__(self, items: list[Any], merge_key: str) -> None:
        self._places: dict[Any, int] = {}
        self._odd = len(items)
        for i, item in enumerate(items):
            if not isinstance(item, dict):
                self._odd = min(self._odd, i)
            elif merge_key in item:
                self._places.setdefault(_mark(item[merge_key]), i)
        self._size = len(items)

    def find(self, value: Any) -> int:
        """The place, or -1."""
        place = self._places.get(_mark(value), -1)
        if self._odd < self._size and not 0 <= place < self._odd:
            raise plain_internal(f"value for key {self._odd} is not a map")
        return place

    def add(self, value: Any, place: int) -> None:
        self._places.setdefault(_mark(value), place)


def element_type(*lists: list[Any]) -> type:
    """The Python type that all items have. Raises 422 for lists of lists, 500 for mixed lists."""
    found: type | None = None
    for items in lists:
        for item in items:
            if found is None:
                found = item.__class__
                if found is list:
                    raise rejected()
            elif item.__class__ is not found:
                raise plain_internal(f"list element types are not identical: {plain(list(lists))}")
    if found is None:
        raise plain_internal("no elements in any of the given slices")
    return found


def partition(items: list[Any], by: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Those that are also in `by`, and the others."""
    ours: list[Any] = []
    others: list[Any] = []
    index = Index(by, merge_key) if merge_key else None
    marks = set() if merge_key else {_mark(item) for item in by}
    for item in items:
        if index is not None:
            if not isinstance(item, dict):
                raise _bad_type(item)
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
            inside = index.find(item[merge_key]) >= 0
        else:
            inside = _mark(item) in marks
        (ours if inside else others).append(item)
    return ours, others


def arrange(
    ours: list[Any], others: list[Any], our_order: list[Any], server_order: list[Any], merge_key: str, objects: bool
) -> list[Any]:
    """Both lists in one. `our_order` and `server_order` hold items, or objects with the merge key only."""
    key = merge_key if objects else None
    for items in (ours, our_order, others, server_order) if objects else ():
        for item in items:
            if not isinstance(item, dict):
                raise _bad_type(item)
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
    ours, others = _sort(ours, our_order, key), _sort(others, server_order, key)
    out = []
    i = j = 0
    places = _places(server_order, key)
    while i < len(others) and j < len(ours):
        left, right = _place(places, others[i], key), _place(places, ours[j], key)
        if 0 <= left < right:
            out.append(others[i])
            i += 1
        else:
            out.append(ours[j])
            j += 1
    return out + others[i:] + ours[j:]


def _places(order: list[Any], key: str | None) -> dict[Any, int]:
    """The first place of each item."""
    found: dict[Any, int] = {}
    for i, item in enumerate(order):
        found.setdefault(_mark(item if key is None else item.get(key)), i)
    return found


def _place(places: dict[Any, int], item: Any, key: str | None) -> int:
    """The place of what is the same item, or -1."""
    return places.get(_mark(item if key is None else item.get(key)), -1)


def _sort(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """What upstream's insertion sort comes to, in which an item passes those before it if `order` does not know one of
    the two: an unknown item goes before all that are there, and of the known ones only lesser ones pass it later."""
    known = _places(order, key)
    least = len(order)
    ranks: list[tuple[int, int, int]] = []
    for i, item in enumerate(items):
        place = _place(known, item, key)
        ranks.append((least, 0, -i) if place < 0 else (place, 1, i))
        least = min(least, ranks[-1][0])
    return [items[abs(i)] for _, _, i in sorted(ranks)]


def check_order(patch: list[Any], order: Any, merge_key: str) -> None:
    """The patch's items must stand in the order list, in the same order."""
    if not order or not patch:
        return
    items = patch
    if merge_key:
        for item in patch:
            if not isinstance(item, dict):
                raise _bad_type(item)
        items = [item for item in patch if item.get("$patch") != "delete"]
    i = j = 0
    while i < len(items) and j < len(order):
        if isinstance(items[i], dict) and "$patch" in items[i]:
            i += 1
            continue
        if _same_item(items[i], order[j], merge_key):
            i += 1
        j += 1
    if i < len(items) and j >= len(order):
        raise plain_internal(
            f"The order in patch list:\n{plain(patch)}\n doesn't match $setElementOrder list:\n{plain(order)}\n"
        )


def _same_item(left: Any, right: Any, merge_key: str) -> bool:
    if not merge_key:
        return _same(left, right)
    for item in (left, right):
        if not isinstance(item, dict):
            raise _bad_type(item)
        if merge_key not in item:
            raise _no_merge_key(item, merge_key)
    return _same(left[merge_key], right[merge_key])


def _bad_type(item: Any) -> StatusError:
    return plain_internal(f"expected a map[string]interface {{}}, but received a {type_name(item)}")


def _no_merge_key(item: Any, merge_key: str) -> StatusError:
    return plain_internal(f"map: {plain(item)} does not contain declared merge key: {merge_key}")
