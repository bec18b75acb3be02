"""Optional values (cel-go cel/library.go optionalLib)."""

from typing import Any

from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.values import NONE, Duration, EvaluationError, Optional, Timestamp, shown


def _is_zero(value: Any) -> bool:
    if isinstance(value, Duration):
        return value.nanoseconds == 0
    if isinstance(value, Timestamp):
        return value.nanoseconds == -62135596800 * 10**9
    if isinstance(value, list | dict | str | bytes):
        return len(value) == 0
    if isinstance(value, Optional):
        return not value.present or _is_zero(value.value)
    return value is None or (isinstance(value, bool | int | float) and not value)


def _unwrap(values: list[Any]) -> list[Any]:
    for value in values:
        if not isinstance(value, Optional):
            raise EvaluationError(f"value {shown(value)} is not optional")
    return [value.value for value in values if value.present]


def library() -> Library:
    made = Library()
    made.add("optional.of", {"optional_of": ("(V) optional(V)", Optional)})
    made.add("optional.ofNonZeroValue", {
        "optional_ofNonZeroValue": ("(V) optional(V)", lambda v: NONE if _is_zero(v) else Optional(v)),
    })
    made.add("optional.none", {"optional_none": ("() optional(V)", lambda: NONE)})
    made.add("value", {"optional_value": ("optional(V).() V", lambda o: o.value)})
    made.add("hasValue", {"optional_hasValue": ("optional(V).() bool", lambda o: o.present)})
    made.add("or", {"optional_or_optional": "optional(V).(optional(V)) optional(V)"})
    made.add("orValue", {"optional_orValue_value": "optional(V).(V) V"})
    made.add("_?._", {"select_optional_field": "(dyn, string) optional(V)"})
    made.add("_[?_]", {
        "list_optindex_optional_int": "(list(V), int) optional(V)",
        "optional_list_optindex_optional_int": "(optional(list(V)), int) optional(V)",
        "map_optindex_optional_value": "(map(K, V), K) optional(V)",
        "optional_map_optindex_optional_value": "(optional(map(K, V)), K) optional(V)",
    })
    made.add("_[_]", {
        "optional_list_index_int": "(optional(list(V)), int) optional(V)",
        "optional_map_index_value": "(optional(map(K, V)), K) optional(V)",
    })
    made.add("last", {"list_last": ("list(V).() optional(V)", lambda v: Optional(v[-1]) if v else NONE)})
    made.add("first", {"list_first": ("list(V).() optional(V)", lambda v: Optional(v[0]) if v else NONE)})
    made.add("optional.unwrap", {"optional_unwrap": ("(list(optional(V))) list(V)", _unwrap)})
    made.add("unwrapOpt", {"optional_unwrapOpt": ("list(optional(V)).() list(V)", _unwrap)})
    return made
