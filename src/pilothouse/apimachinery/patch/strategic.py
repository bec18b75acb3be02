"""Strategic merge patch (upstream: k8s.io/apimachinery pkg/util/strategicpatch, mergepatch).

Objects are merged; a list is replaced, or merged item by item where its field's patch strategy says so: scalars as
a set, objects by the field's merge key. Directives in the patch:

    $patch: replace | delete           in an object: take the patch instead; or empty the object
    - $patch: replace | delete         in a list item: keep only the patch's items; or drop the item with this key
    $retainKeys: [names]               drop the fields of the object that are not named
    $deleteFromPrimitiveList/f: [v]    drop values from the list f of scalars
    $setElementOrder/f: [keys]         put the items of the merged list f in this order
"""

from typing import Any, Final, TypeAlias

from pilothouse.apimachinery.patch import ordering
from pilothouse.apimachinery.patch.errors import decoding_text
from pilothouse.apimachinery.patch.goprint import plain, type_name
from pilothouse.apimachinery.patch.lookup import List, lookup_list, lookup_struct
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.status import StatusError, bad_request, plain_internal

Object: TypeAlias = dict[str, Any]

PATCH: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList"
ORDER: Final = "$setElementOrder"

_DROP: Final = object()
"""A value that is itself a directive."""


def apply(doc: Object, patch: Any, type: Type) -> Object:
    """`doc` merged with `patch`, the decoded body, by the strategies of `type`'s fields.

    Raises StatusError: 400 for a malformed patch or directive, 422 for lists of lists, 500 (as upstream) for most
    patches that do not fit the type.
    """
    if patch is None:
        return doc
    if not isinstance(patch, dict):
        raise bad_request(decoding_text(patch, "value of type map[string]interface {}"))
    return _merge_object(doc, patch, type)


def _merge_object(doc: Object, patch: Object, type: Type | None) -> Object:
    if PATCH in patch:
        return _replace_or_delete(patch)
    out = dict(doc)
    patch = _retain_keys(out, patch)
    patch = _set_orders(out, patch, type)
    for name, value in patch.items():
        deletes = name.startswith(DELETE_FROM)
        if deletes:
            name = _directive_field(name, DELETE_FROM, "invalid patch format of primitive list")
        if value is None:
            out.pop(name, None)
        elif name not in out or out[name].__class__ is not value.__class__:
            if not deletes:
                _put(out, name, _without_directives(_without_nulls(value)))
        elif isinstance(value, dict):
            field = lookup_struct(type, name)
            out[name] = value if field.strategy == "replace" else _merge_object(out[name], value, field.type)
        elif isinstance(value, list):
            out[name] = _merge_list_field(out[name], value, lookup_list(type, name), deletes=deletes)
        else:
            out[name] = value
    return out


def _put(out: Object, name: str, value: Any) -> None:
    if value is _DROP:
        out.pop(name, None)
    else:
        out[name] = value


def _replace_or_delete(patch: Object) -> Object:
    match patch[PATCH]:
        case "replace":
            return {name: value for name, value in patch.items() if name != PATCH}
        case "delete":
            return {}
    raise _unknown_directive(patch)


def _unknown_directive(patch: Object) -> StatusError:
    directive = patch[PATCH]
    text = directive if isinstance(directive, str) else f"%!s({type_name(directive)}={plain(directive)})"
    return plain_internal(f"unknown patch type: {text} in map: {plain(patch)}")


def _directive_field(name: str, prefix: str, message: str) -> str:
    found, slash, field = name.partition("/")
    if not slash or found != prefix:
        raise bad_request(message)
    return field


def _retain_keys(out: Object, patch: Object) -> Object:
    """Drop from `out` what is not to be retained. Returns the patch without the directive."""
    if RETAIN_KEYS not in patch:
        return patch
    retained = patch[RETAIN_KEYS]
    rest = {name: value for name, value in patch.items() if name != RETAIN_KEYS}
    if not isinstance(retained, list):
        raise bad_request("invalid patch format of retainKeys")
    retained = {name for name in retained if isinstance(name, str)}
    for name, value in rest.items():
        if value is not None and not name.startswith((DELETE_FROM, ORDER)) and name not in retained:
            raise bad_request("invalid patch format of retainKeys")
    for name in [name for name in out if name not in retained]:
        del out[name]
    return rest


def _set_orders(out: Object, patch: Object, type: Type | None) -> Object:
    """Merge the lists that have an order directive into `out`. Returns what is left of the patch."""
    directives = [name for name in patch if name.startswith(ORDER)]
    if not directives:
        return patch
    patch = dict(patch)
    for directive in directives:
        order = _as_list(patch.pop(directive))
        name = _directive_field(directive, ORDER, "invalid patch format of setElementOrder list")
        current = _as_list(out[name]) if name in out else None
        added = _as_list(patch[name]) if name in patch else None
        field = lookup_list(type, name)
        if added is not None:
            ordering.check_order(added, order, field.merge_key)
        if current is None and added is None:
            continue
        if added is None:
            merged = current or []
        elif current is None:
            merged = _without_directives(added)
        else:
            merged = _merge_list_field(current, added, field, deletes=False)
        patch.pop(name, None)
        ours, others = ordering.partition(merged, order, field.merge_key)
        objects = ordering.element_type(current or [], added or []) is dict
        out[name] = ordering.arrange(ours, others, order, current or [], field.merge_key, objects)
    return patch


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise plain_internal(f"expected a []interface {{}}, but received a {type_name(value)}")
    return value


def _merge_list_field(current: list[Any], patch: list[Any], field: List, *, deletes: bool) -> list[Any]:
    if field.strategy != "merge" and not deletes:
        return patch
    if not current and not patch:
        return current
    if ordering.element_type(current, patch) is not dict:
        if deletes:
            return ordering.without(current, patch)
        merged = ordering.distinct([*current, *patch])
        ours, others = ordering.partition(merged, patch, field.merge_key)
        return ordering.arrange(ours, others, patch, current, field.merge_key, False)
    if not field.merge_key:
        raise plain_internal(f"cannot merge lists without merge key for {field.item_kind}")
    current, patch = _apply_item_directives(current, patch, field.merge_key)
    merged = list(current)
    index = ordering.Index(merged, field.merge_key)
    for item in patch:
        if field.merge_key not in item:
            raise _no_merge_key(item, field.merge_key)
        place = index.find(item[field.merge_key])
        if place < 0:
            index.add(item[field.merge_key], len(merged))
            merged.append(item)
        else:
            merged[place] = _merge_object(merged[place], item, field.item)
    ours, others = ordering.partition(merged, patch, field.merge_key)
    return ordering.arrange(ours, others, patch, current, field.merge_key, True)


def _apply_item_directives(
    current: list[Any], patch: list[Object], merge_key: str
) -> tuple[list[Any], list[Object]]:
    """The list as its directives leave it, and the patch's items that remain to be merged."""
    items = []
    deleted: list[Any] = []
    replace = False
    for item in patch:
        if PATCH not in item:
            items.append(item)
            continue
        match item[PATCH]:
            case "delete":
                if merge_key not in item:
                    raise _no_merge_key(item, merge_key)
                deleted.append(item[merge_key])
            case "replace":
                replace = True
            case "merge":
                raise plain_internal("merging lists cannot yet be specified in the patch")
            case _:
                raise _unknown_directive(item)
    if deleted:
        current = ordering.without_keys(current, merge_key, deleted)
    return (items, []) if replace else (current, items)


def _no_merge_key(item: Object, merge_key: str) -> StatusError:
    return plain_internal(f"map: {plain(item)} does not contain declared merge key: {merge_key}")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _without_directives(value: Any) -> Any:
    """New content: objects with a $patch directive are left out. (upstream: removeDirectives)"""
    if isinstance(value, dict):
        if PATCH in value:
            return _DROP
        cleaned = ((name, _without_directives(item)) for name, item in value.items())
        return {name: item for name, item in cleaned if item is not _DROP}
    if isinstance(value, list):
        return [item for item in map(_without_directives, value) if item is not _DROP]
    return value
