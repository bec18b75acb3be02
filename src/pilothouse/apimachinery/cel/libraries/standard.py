"""CEL's standard functions and operators (cel-go common/stdlib/standard.go, common/overloads/overloads.go)."""

from collections.abc import Callable
from typing import Any, Final

from pilothouse.apimachinery.cel import arithmetic as a
from pilothouse.apimachinery.cel import times
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.types import Type
from pilothouse.apimachinery.cel.values import EvaluationError, compare, equal, no_such_overload, type_of
from pilothouse.apimachinery.structural.patterns import PatternError, Search, compile_pattern

#: Types that expressions can name.
TYPES: Final[dict[str, Type]] = {
    "bool": t.Bool, "bytes": t.Bytes, "double": t.Double, "google.protobuf.Duration": t.Duration, "int": t.Int,
    "list": t.list_of(t.Dyn), "map": t.map_of(t.Dyn, t.Dyn), "null_type": t.Null, "string": t.String,
    "google.protobuf.Timestamp": t.Timestamp, "type": t.TypeType, "uint": t.Uint,
}

_NUMBERS = {"int64": "int", "uint64": "uint", "double": "double"}
_ORDERED = ("bool", "int64", "uint64", "double", "string", "bytes", "timestamp", "duration")


def compile_regex(pattern: str) -> Search:
    """Tells whether a text has a match; raises EvaluationError in Go's words."""
    try:
        return compile_pattern(pattern)
    except PatternError as err:
        raise EvaluationError(str(err)) from None


def matches(text: str, pattern: str) -> bool:
    return compile_regex(pattern)(text)


def contained(value: Any, container: Any) -> bool:
    """`in`: an item of a list, a key of a map."""
    if isinstance(container, dict):
        return find_key(container, value) is not None
    if isinstance(container, list):
        return any(equal(value, item) for item in container)
    raise no_such_overload("@in")


def find_key(mapping: dict[Any, Any], key: Any) -> Any:
    """The key of the map that equals `key`, in a list, or None. Numbers match across types; bools never do."""
    try:
        if key not in mapping:
            return None
    except TypeError:  # not hashable: no key
        return None
    if isinstance(key, int | float):
        found = [k for k in mapping if k == key and isinstance(k, bool) == isinstance(key, bool)]
        return found or None
    return [key]


def _comparison(test: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    return lambda x, y: test(compare(x, y))


def _comparisons(library: Library) -> None:
    tests: dict[str, tuple[str, Callable[[int], bool]]] = {
        "_<_": ("less", lambda c: c < 0), "_<=_": ("less_equals", lambda c: c <= 0),
        "_>_": ("greater", lambda c: c > 0), "_>=_": ("greater_equals", lambda c: c >= 0),
    }
    for operator, (name, test) in tests.items():
        signatures: dict[str, str] = {}
        for kind in _ORDERED:
            shown = _NUMBERS.get(kind, kind)
            signatures[f"{name}_{kind}"] = f"({shown}, {shown}) bool"
            for other in _NUMBERS:
                if kind in _NUMBERS and other != kind:
                    signatures[f"{name}_{kind}_{other}"] = f"({shown}, {_NUMBERS[other]}) bool"
        library.add(operator, signatures, _comparison(test))


def _arithmetic(library: Library) -> None:
    library.add("_+_", {
        "add_bytes": "(bytes, bytes) bytes",
        "add_double": "(double, double) double",
        "add_duration_duration": "(duration, duration) duration",
        "add_duration_timestamp": "(duration, timestamp) timestamp",
        "add_timestamp_duration": "(timestamp, duration) timestamp",
        "add_int64": "(int, int) int",
        "add_list": "(list(A), list(A)) list(A)",
        "add_string": "(string, string) string",
        "add_uint64": "(uint, uint) uint",
    }, a.add)
    library.add("_-_", {
        "subtract_double": "(double, double) double",
        "subtract_duration_duration": "(duration, duration) duration",
        "subtract_int64": "(int, int) int",
        "subtract_timestamp_duration": "(timestamp, duration) timestamp",
        "subtract_timestamp_timestamp": "(timestamp, timestamp) duration",
        "subtract_uint64": "(uint, uint) uint",
    }, a.subtract)
    for operator, name, implementation in (("_*_", "multiply", a.multiply), ("_/_", "divide", a.divide)):
        library.add(operator, {
            f"{name}_{kind}": f"({shown}, {shown}) {shown}"
            for kind, shown in (("double", "double"), ("int64", "int"), ("uint64", "uint"))
        }, implementation)
    library.add("_%_", {"modulo_int64": "(int, int) int", "modulo_uint64": "(uint, uint) uint"}, a.modulo)
    library.add("-_", {"negate_double": "(double) double", "negate_int64": "(int) int"}, a.negate)


def _logical_not(value: Any) -> bool:
    if isinstance(value, bool):
        return not value
    raise no_such_overload()


def _logic(library: Library) -> None:
    library.add("_?_:_", {"conditional": "(bool, A, A) A"})
    library.add("_&&_", {"logical_and": "(bool, bool) bool"})
    library.add("_||_", {"logical_or": "(bool, bool) bool"})
    library.add("!_", {"logical_not": "(bool) bool"}, _logical_not)
    library.add("@not_strictly_false", {"not_strictly_false": "(bool) bool"})
    library.add("_==_", {"equals": "(A, A) bool"}, equal)
    library.add("_!=_", {"not_equals": "(A, A) bool"}, lambda x, y: not equal(x, y))
    library.add("_[_]", {"index_list": "(list(A), int) A", "index_map": "(map(A, B), A) B"})
    library.add("@in", {"in_list": "(A, list(A)) bool", "in_map": "(A, map(A, B)) bool"}, contained)
    library.add("size", {
        "size_bytes": "(bytes) int", "bytes_size": "bytes.() int",
        "size_list": "(list(A)) int", "list_size": "list(A).() int",
        "size_map": "(map(A, B)) int", "map_size": "map(A, B).() int",
        "size_string": "(string) int", "string_size": "string.() int",
    }, a.size)


def _conversions(library: Library) -> None:
    library.add("type", {"type": "(A) type(A)"}, type_of)
    library.add("bool", {"bool_to_bool": "(bool) bool", "string_to_bool": "(string) bool"}, a.to_bool)
    library.add("bytes", {"bytes_to_bytes": "(bytes) bytes", "string_to_bytes": "(string) bytes"}, a.to_bytes)
    library.add("double", {
        "double_to_double": "(double) double", "int64_to_double": "(int) double",
        "string_to_double": "(string) double", "uint64_to_double": "(uint) double",
    }, a.to_double)
    library.add("duration", {
        "duration_to_duration": "(duration) duration", "int64_to_duration": "(int) duration",
        "string_to_duration": "(string) duration",
    }, a.to_duration)
    library.add("dyn", {"to_dyn": "(A) dyn"}, lambda value: value)
    library.add("int", {
        "int64_to_int64": "(int) int", "double_to_int64": "(double) int", "duration_to_int64": "(duration) int",
        "string_to_int64": "(string) int", "timestamp_to_int64": "(timestamp) int", "uint64_to_int64": "(uint) int",
    }, a.to_int)
    library.add("string", {
        "string_to_string": "(string) string", "bool_to_string": "(bool) string", "bytes_to_string": "(bytes) string",
        "double_to_string": "(double) string", "duration_to_string": "(duration) string",
        "int64_to_string": "(int) string", "timestamp_to_string": "(timestamp) string",
        "uint64_to_string": "(uint) string",
    }, a.to_string)
    library.add("timestamp", {
        "timestamp_to_timestamp": "(timestamp) timestamp", "int64_to_timestamp": "(int) timestamp",
        "string_to_timestamp": "(string) timestamp",
    }, a.to_timestamp)
    library.add("uint", {
        "uint64_to_uint64": "(uint) uint", "double_to_uint64": "(double) uint", "int64_to_uint64": "(int) uint",
        "string_to_uint64": "(string) uint",
    }, a.to_uint)


def _texts(library: Library) -> None:
    library.add("contains", {"contains_string": ("string.(string) bool", lambda s, part: part in s)})
    library.add("endsWith", {"ends_with_string": ("string.(string) bool", str.endswith)})
    library.add("startsWith", {"starts_with_string": ("string.(string) bool", str.startswith)})
    library.add("matches", {"matches": "(string, string) bool", "matches_string": "string.(string) bool"}, matches)


def _calendar(library: Library) -> None:
    parts: tuple[tuple[str, str, Callable[[Any], int]], ...] = (
        ("getFullYear", "year", lambda at: at.year),
        ("getMonth", "month", lambda at: at.month - 1),
        ("getDayOfYear", "day_of_year", lambda at: at.timetuple().tm_yday - 1),
        ("getDayOfMonth", "day_of_month", lambda at: at.day - 1),
        ("getDate", "day_of_month_1_based", lambda at: at.day),
        ("getDayOfWeek", "day_of_week", lambda at: at.isoweekday() % 7),
        ("getHours", "hours", lambda at: at.hour),
        ("getMinutes", "minutes", lambda at: at.minute),
        ("getSeconds", "seconds", lambda at: at.second),
    )
    for name, id, read in parts:
        with_zone = f"timestamp_to_{id}_tz" if id == "seconds" else f"timestamp_to_{id}_with_tz"
        get = times.part(read)
        library.add(name, {
            f"timestamp_to_{id}": ("timestamp.() int", get), with_zone: ("timestamp.(string) int", get),
        })
    for name, id, unit in (
        ("getHours", "hours", 3600 * 10**9), ("getMinutes", "minutes", 60 * 10**9), ("getSeconds", "seconds", 10**9),
    ):
        library.add(name, {f"duration_to_{id}": ("duration.() int", times.whole(unit))})
    library.add("getMilliseconds", {
        "timestamp_to_milliseconds": "timestamp.() int",
        "timestamp_to_milliseconds_with_tz": "timestamp.(string) int",
        "duration_to_milliseconds": "duration.() int",
    }, times.milliseconds)


def library() -> Library:
    made = Library()
    for part in (_logic, _arithmetic, _comparisons, _conversions, _texts, _calendar):
        part(made)
    return made
