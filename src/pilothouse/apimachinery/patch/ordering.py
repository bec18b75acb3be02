"""The order of items in merged lists (upstream: strategicpatch/patch.go).

Items of the patch come in its order, those that only the server has in theirs; the two are interleaved by the
server's order as far as that is possible.
"""

from typing import Any

from pilothouse.apimachinery.patch.errors import rejected
from pilothouse.apimachinery.patch.goprint import plain, type_name
from pilothouse.apimachinery.status import StatusError, plain_internal


def _same(a: Any, b: Any) -> bool:
    return a.__class__ is b.__class__ and bool(a == b)


def contains(items: list[Any], item: Any) -> bool:
    return any(_same(item, other) for other in items)


def distinct(items: list[Any]) -> list[Any]:
    out: list[Any] = []
    for item in items:
        if not contains(out, item):
            out.append(item)
    return out


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


def find(items: list[Any], merge_key: str, value: Any) -> int:
    """The index of the item with the key, or -1."""
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            raise plain_internal(f"value for key {i} is not a map")
        if merge_key in item and _same(item[merge_key], value):
            return i
    return -1


def partition(items: list[Any], by: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Those that are also in `by`, and the others."""
    ours: list[Any] = []
    others: list[Any] = []
    for item in items:
        if merge_key:
            if not isinstance(item, dict):
                raise _bad_type(item)
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
            inside = find(by, merge_key, item[merge_key]) >= 0
        else:
            inside = contains(by, item)
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
    while i < len(others) and j < len(ours):
        left, right = _place(server_order, others[i], key), _place(server_order, ours[j], key)
        if 0 <= left < right:
            out.append(others[i])
            i += 1
        else:
            out.append(ours[j])
            j += 1
    return out + others[i:] + ours[j:]


def _place(order: list[Any], item: Any, key: str | None) -> int:
    """The index in `order` of what is the same item, or -1."""
    value = item if key is None else item.get(key)
    for i, other in enumerate(order):
        if _same(value, other if key is None else other.get(key)):
            return i
    return -1


def _sort(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """Upstream's insertion sort: an item passes those before it, if `order` does not know one of the two."""
    out: list[Any] = []
    places: list[int] = []
    for item in items:
        place = _place(order, item, key)
        at = len(out)
        while at > 0 and (place < 0 or places[at - 1] < 0 or place < places[at - 1]):
            at -= 1
        out.insert(at, item)
        places.insert(at, place)
    return out


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
