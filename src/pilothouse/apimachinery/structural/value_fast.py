"""The quick look at a value: closures, compiled once for each schema, that know most valid values at once.

True is sure: the value is valid. False says nothing, and `values.validate_value` decides. So what is rare or subtle
(numbers near limits, enums of numbers) may be left to it, and no rule stands here that is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery.structural.value_schema import ValueSchema

Check = Callable[[Any], bool]
Exact = Callable[[ValueSchema, Any], bool]

_CLASSES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float), "array": (list,),
    "object": (dict,),
}
_ANY: Final = frozenset((str, bool, int, float, list, dict))
_NONE: Final = type(None)
_MIN, _MAX = -(2**63), 2**63 - 1


def quick_check(schema: ValueSchema, exact: Exact) -> Check:
    """`check(value)`, True only for a value that is valid. `exact(schema, value)` says it for certain."""
    checks = _checks(schema, exact)
    classes = _classes(schema)
    nullable = (schema.nullable or not schema.types) and not schema.enum
    junctors = _junctors(schema, exact)

    def check(value: Any) -> bool:
        kind = value.__class__
        if kind not in classes:
            return kind is _NONE and nullable
        if junctors is not None and not junctors(value):
            return False
        further = checks.get(kind)
        return further is None or further(value)

    def check_plainly(value: Any) -> bool:
        kind = value.__class__
        return kind in classes or (kind is _NONE and nullable)

    return check if checks or junctors is not None else check_plainly


def _classes(schema: ValueSchema) -> frozenset[type]:
    if schema.format and not schema.types:
        return frozenset((str, list))
    return frozenset(c for name in schema.types for c in _CLASSES.get(name, ())) if schema.types else _ANY


def _checks(schema: ValueSchema, exact: Exact) -> dict[type, Check]:
    """What a value of a class must pass besides its class and the junctors."""
    checks: dict[type, Check] = {}
    if (text := _string(schema)) is not None:
        checks[str] = text
    checks[int] = _integer(schema)
    if _has_limits(schema) or schema.format == "float" or schema.enum:
        checks[float] = _unsure
    checks[dict] = _unsure if schema.enum else _object(schema, exact)
    if schema.enum or schema.unique_items:
        checks[list] = _unsure
    elif schema.has_items or schema.min_items is not None or schema.max_items is not None:
        checks[list] = _list(schema, exact)
    if schema.enum:
        checks[bool] = _unsure
    return {kind: check for kind, check in checks.items() if kind in _classes(schema)}


def _unsure(value: Any) -> bool:
    return False


def _has_limits(schema: ValueSchema) -> bool:
    return not (schema.maximum is None and schema.minimum is None and schema.multiple_of is None)


def _string(schema: ValueSchema) -> Check | None:
    allowed = None if schema.enum is None else schema.enum.texts
    least, most = schema.min_length or 0, schema.max_length
    search, is_format = schema.search, schema.is_format
    if schema.pattern_problem:
        return _unsure
    if allowed is not None and not least and most is None and search is None and is_format is None:
        return allowed.__contains__
    if allowed is None and not least and most is None and is_format is None:
        return search

    def check(value: str) -> bool:
        return (
            (allowed is None or value in allowed)
            and least <= len(value)
            and (most is None or len(value) <= most)
            and (search is None or search(value))
            and (is_format is None or is_format(value))
        )

    return check


def _integer(schema: ValueSchema) -> Check:
    low, high = (-(2**31), 2**31 - 1) if schema.format == "int32" else (_MIN, _MAX)
    if schema.multiple_of is not None or schema.enum or schema.format == "float":
        return _unsure
    for limit in (schema.minimum, schema.maximum):
        # limits that are no small whole numbers have rules of their own
        if limit is not None and not (limit.is_integer() and abs(limit) < 2**31):
            return _unsure
    if schema.minimum is not None:
        low = max(low, int(schema.minimum) + schema.exclusive_minimum)
    if schema.maximum is not None:
        high = min(high, int(schema.maximum) - schema.exclusive_maximum)
    return lambda value: low <= value <= high


def _object(schema: ValueSchema, exact: Exact) -> Check:
    required, properties = frozenset(schema.required), schema.properties
    least, most = schema.min_properties or 0, schema.max_properties
    closed = schema.closed
    rest = _later(lambda: schema.additional, exact) if schema.has_additional else None
    #: Compiled when a value first has the property.
    known: dict[str, Check] = {}

    def check(value: dict[str, Any]) -> bool:
        if required and not required <= value.keys():
            return False
        if len(value) < least or (most is not None and len(value) > most):
            return False
        for name, item in value.items():
            below = known.get(name)
            if below is None:
                if name in properties:
                    below = known[name] = quick_check(properties[name], exact)
                elif rest is not None:
                    below = rest
                elif closed:
                    return False
                else:
                    continue
            if not below(item):
                return False
        return True

    return check


def _later(schema: Callable[[], ValueSchema | None], exact: Exact) -> Check:
    """A check that is compiled when it is first asked."""
    compiled: list[Check] = []

    def check(value: Any) -> bool:
        if not compiled:
            found = schema()
            compiled.append(quick_check(found, exact) if found is not None else lambda value: True)
        return compiled[0](value)

    return check


def _list(schema: ValueSchema, exact: Exact) -> Check:
    item = _later(lambda: schema.items, exact) if schema.has_items else None
    least, most = schema.min_items or 0, schema.max_items

    def check(value: list[Any]) -> bool:
        if len(value) < least or (most is not None and len(value) > most):
            return False
        return item is None or all(map(item, value))

    return check


def _junctors(schema: ValueSchema, exact: Exact) -> Check | None:
    all_of, any_of = ([quick_check(s, exact) for s in schemas] for schemas in (schema.all_of, schema.any_of))
    one_of = [(quick_check(s, exact), s) for s in schema.one_of]
    inverted = schema.not_
    if not (all_of or any_of or one_of) and inverted is None:
        return None

    def check(value: Any) -> bool:
        return (
            all(sub(value) for sub in all_of)
            and (not any_of or any(sub(value) for sub in any_of))
            # what may not be valid must be known for certain
            and (not one_of or sum([sub(value) or exact(s, value) for sub, s in one_of]) == 1)
            and (inverted is None or not exact(inverted, value))
        )

    return check
