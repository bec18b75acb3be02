"""Selections and indices: reading parts of values (cel-go interpreter/attributes.go)."""

from typing import Any

from pilothouse.apimachinery.cel.libraries.standard import find_key
from pilothouse.apimachinery.cel.plan import Step
from pilothouse.apimachinery.cel.reading import Reader
from pilothouse.apimachinery.cel.values import NONE, EvaluationError, Optional, UInt, shown, type_of


def missing_key(key: Any) -> EvaluationError:
    return EvaluationError(f"no such key: {shown(key)}")


def selection(operand: Step, key: str, reader: Reader | None) -> Step:
    """`operand.key` of an object or a map; `reader` reads a value of a type that needs it."""

    def select(frame: list[Any]) -> Any:
        value = operand(frame)
        try:
            return value[key]
        except (KeyError, TypeError, IndexError):
            return select_slowly(value, key)

    if reader is None:
        return select
    return lambda frame: reader(select(frame))


def select_slowly(value: Any, key: str) -> Any:
    if isinstance(value, Optional):
        return select_optional(value, key)
    if isinstance(value, list):
        raise EvaluationError("unsupported index type 'string' in list")
    raise missing_key(key)


def field_selection(operand: Step, name: str, key: str, reader: Reader | None) -> Step:
    """`operand.name` of an object whose fields are declared: null is as good as absent. `key` is the property."""

    def select(frame: list[Any]) -> Any:
        value = operand(frame)
        try:
            found = value[key]
        except (KeyError, TypeError, IndexError):
            return select_slowly(value, name)
        if found is None:
            raise missing_key(name)
        return found

    if reader is None:
        return select
    return lambda frame: reader(select(frame))


def variable_field(slot: int, name: str, key: str) -> Step:
    """The same of a variable, without a step for the variable."""

    def select(frame: list[Any]) -> Any:
        value = frame[slot]
        try:
            found = value[key]
        except (KeyError, TypeError, IndexError):
            if isinstance(value, EvaluationError):
                raise value from None
            return select_slowly(value, name)
        if found is None:
            raise missing_key(name)
        return found

    return select


def variable_selection(slot: int, key: str) -> Step:
    """`variable.key`, without a step for the variable."""

    def select(frame: list[Any]) -> Any:
        value = frame[slot]
        try:
            return value[key]
        except (KeyError, TypeError, IndexError):
            if isinstance(value, EvaluationError):
                raise value from None
            return select_slowly(value, key)

    return select


def select_optional(value: Any, key: Any, declared: bool = False) -> Optional:
    """`value.?key` and `value[?key]`: also what follows one. `declared` is for fields of declared objects."""
    if isinstance(value, Optional):
        if not value.present:
            return NONE
        value = value.value
    if isinstance(value, dict):
        found = find_key(value, key)
        if found is None or (declared and value[found[0]] is None):
            return NONE
        return Optional(value[found[0]])
    if isinstance(value, list):
        at = list_index(key)
        return Optional(value[at]) if 0 <= at < len(value) else NONE
    return NONE


def present(value: Any, key: str, declared: bool) -> bool:
    """`has(value.key)`. A null counts as absent where the fields are declared."""
    if isinstance(value, Optional):
        return select_optional(value, key, declared).present
    if isinstance(value, list):
        raise EvaluationError("unsupported index type 'string' in list")
    return isinstance(value, dict) and key in value and not (declared and value[key] is None)


def list_index(key: Any) -> int:
    if type(key) is int or isinstance(key, UInt):
        return int(key)
    if isinstance(key, float):
        if key.is_integer() and abs(key) < 2.0**63:
            return int(key)
        raise EvaluationError(f"unsupported index value {shown(key)} in list")
    raise EvaluationError(f"unsupported index type '{type_of(key).name}' in list")


def index(value: Any, key: Any) -> Any:
    """`value[key]`."""
    if isinstance(value, dict):
        found = find_key(value, key)
        if found is None:
            raise missing_key(key)
        return value[found[0]]
    if isinstance(value, list):
        at = list_index(key)
        if 0 <= at < len(value):
            return value[at]
        raise EvaluationError(f"index out of bounds: {shown(key)}")
    if isinstance(value, Optional):
        return select_optional(value, key)
    raise missing_key(key)
