"""Functions on texts (cel-go ext/strings.go, version 2), and `find` (apiserver pkg/cel/library/regex.go)."""

from typing import Any

from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.libraries.formatting import format_text
from pilothouse.apimachinery.cel.values import EvaluationError, shown
from pilothouse.apimachinery.structural.patterns import PatternError, compile_expression

_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
#: What Go's strings.TrimSpace trims.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
#: Texts that functions make are bounded: what they cost is only known when they are made.
_MOST_CHARACTERS = 16 << 20


def _out_of_range(index: int) -> EvaluationError:
    return EvaluationError(f"index out of range: {index}")


def char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise _out_of_range(index)
    return text[index : index + 1]


def index_of(text: str, part: str, offset: int = 0) -> int:
    if not part:
        return offset
    if offset < 0:
        raise _out_of_range(offset)
    return text.find(part, offset)


def last_index_of(text: str, part: str, offset: int | None = None) -> int:
    if offset is None:
        return text.rfind(part)
    if not part:
        return offset
    if offset < 0:
        raise _out_of_range(offset)
    return text.rfind(part, 0, offset + len(part)) if offset < len(text) else -1


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    found = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + found * (len(new) - len(old)) > _MOST_CHARACTERS:
        raise EvaluationError("the result is too long")
    return text.replace(old, new, max(count, -1))


def split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if not separator:
        parts = list(text)
        return parts if count < 0 or len(parts) <= count else [*parts[: count - 1], text[count - 1 :]]
    return text.split(separator, count - 1 if count > 0 else -1)


def substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        if not 0 <= start <= len(text):
            raise _out_of_range(start)
        return text[start:]
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    for index in (start, end):
        if not 0 <= index <= len(text):
            raise _out_of_range(index)
    return text[start:end]


def join(items: list[Any], separator: str = "") -> str:
    for item in items:
        if not isinstance(item, str):
            raise EvaluationError(f"join: invalid input: {shown(item)}")
    if sum(map(len, items)) + len(separator) * len(items) > _MOST_CHARACTERS:
        raise EvaluationError("the result is too long")
    return separator.join(items)


def quote(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c, "\ufffd" if "\ud800" <= c <= "\udfff" else c) for c in text) + '"'


def _expression(pattern: str) -> Any:
    try:
        return compile_expression(pattern)
    except PatternError as err:
        raise EvaluationError(f"Illegal regex: {err}") from None


def find(text: str, pattern: str) -> str:
    match = _expression(pattern).search(text)
    return str(match.group()) if match is not None else ""


def find_all(text: str, pattern: str, count: int = -1) -> list[str]:
    found: list[str] = []
    for match in _expression(pattern).finditer(text):
        if 0 <= count <= len(found):
            break
        found.append(match.group())
    return found


def library() -> Library:
    made = Library()
    made.add("charAt", {"string_char_at_int": ("string.(int) string", char_at)})
    made.add("indexOf", {
        "string_index_of_string": ("string.(string) int", index_of),
        "string_index_of_string_int": ("string.(string, int) int", index_of),
    })
    made.add("lastIndexOf", {
        "string_last_index_of_string": ("string.(string) int", last_index_of),
        "string_last_index_of_string_int": ("string.(string, int) int", last_index_of),
    })
    made.add("lowerAscii", {"string_lower_ascii": ("string.() string", lambda s: s.translate(_LOWER))})
    made.add("upperAscii", {"string_upper_ascii": ("string.() string", lambda s: s.translate(_UPPER))})
    made.add("trim", {"string_trim": ("string.() string", lambda s: s.strip(_SPACE))})
    made.add("replace", {
        "string_replace_string_string": ("string.(string, string) string", replace),
        "string_replace_string_string_int": ("string.(string, string, int) string", replace),
    })
    made.add("split", {
        "string_split_string": ("string.(string) list(string)", split),
        "string_split_string_int": ("string.(string, int) list(string)", split),
    })
    made.add("substring", {
        "string_substring_int": ("string.(int) string", substring),
        "string_substring_int_int": ("string.(int, int) string", substring),
    })
    made.add("join", {
        "list_join": ("list(string).() string", join), "list_join_string": ("list(string).(string) string", join),
    })
    made.add("format", {"string_format": ("string.(list(dyn)) string", format_text)})
    made.add("strings.quote", {"strings_quote": ("(string) string", quote)})
    made.add("find", {"string_find_string": ("string.(string) string", find)})
    made.add("findAll", {
        "string_find_all_string": ("string.(string) list(string)", find_all),
        "string_find_all_string_int": ("string.(string, int) list(string)", find_all),
    })
    return made
