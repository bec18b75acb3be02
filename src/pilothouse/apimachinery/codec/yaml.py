"""YAML in and out as sigs.k8s.io/yaml has it: YAML 1.1 with JSON's types, string keys, sorted output.

The reader builds from libyaml's events without recursion, so that neither depth nor aliases can hurt. PyYAML is
imported by the first one who needs it: that takes a good part of the time in which the server starts.
"""

import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from pilothouse.apimachinery.codec.json import MAX_DEPTH
from pilothouse.apimachinery.codec.yaml_json import json_document
from pilothouse.apimachinery.field import go_quote

#: How many values aliases may stand for in one document. Go's limit is a ratio; this one is simpler.
MAX_ALIASED = 100_000

_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
#: No integer of 64 bits is written with more, in whatever base.
_MOST_DIGITS = 70
_MERGE = "tag:yaml.org,2002:merge"


class YAMLError(ValueError):
    """Not YAML, or nothing that JSON can hold. The message is Go's as far as it can be had."""


def loads(data: bytes) -> Any:
    """The first document as JSON values; of duplicate keys the last wins. Raises YAMLError."""
    return _Builder(data).build()


def load(data: bytes) -> tuple[Any, list[str]]:
    """As `loads`, with what Go's strict decoder says of each duplicate key: `line 4: key "a" already set in map`."""
    value = json_document(data)
    if value is not None:
        return value, []
    builder = _Builder(data)
    return builder.build(), builder.duplicates


def strict_error(duplicates: list[str]) -> str:
    """The one error that Go makes of what `load` found."""
    return "\n  ".join(["yaml: unmarshal errors:", *duplicates])


class _Part(NamedTuple):
    """A finished value, how many values it consists of, and how deep it is nested (0 for a scalar)."""

    value: Any
    size: int
    depth: int


class _Frame:
    """A collection that is still being read. `key` waits for its value."""

    __slots__ = ("anchor", "depth", "key", "lines", "merges", "size", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.lines: set[str] = set()
        self.merges: list[Any] = []
        self.size = 1
        self.depth = 1


class _Builder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Part] = {}
        self._open: set[str] = set()
        self._aliased = 0
        self.duplicates: list[str] = []

    def build(self) -> Any:
        import yaml

        try:
            for event in self._events():
                done, value = self._take(event)
                if done:
                    return value
            return None
        except yaml.YAMLError as e:
            raise YAMLError(_message(e)) from None

    def _events(self) -> Iterator[Any]:
        from yaml import cyaml

        parser = cyaml.CParser(self._data)  # type: ignore[attr-defined]
        while parser.check_event():
            yield parser.get_event()

    def _take(self, event: Any) -> tuple[bool, Any]:
        """One event. Returns (whether the document is complete, its value)."""
        match event.__class__.__name__:
            case "ScalarEvent":
                return self._scalar(event)
            case "AliasEvent":
                return self._alias(event)
            case "MappingStartEvent":
                self._start({}, event.anchor)
            case "SequenceStartEvent":
                self._start([], event.anchor)
            case "MappingEndEvent" | "SequenceEndEvent":
                return self._end(event.start_mark.line)
        return False, None

    def _start(self, value: Any, anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise YAMLError(_too_deep())
        if anchor:
            self._open.add(anchor)
        self._stack.append(_Frame(value, anchor))

    def _end(self, line: int) -> tuple[bool, Any]:
        frame = self._stack.pop()
        for source in frame.merges:
            frame.value = {**source, **frame.value}
        if frame.anchor:
            self._open.discard(frame.anchor)
        return self._put(_Part(frame.value, frame.size, frame.depth), line, frame.anchor)

    def _scalar(self, event: Any) -> tuple[bool, Any]:
        parent = self._stack[-1] if self._stack else None
        is_key = parent is not None and parent.value.__class__ is dict and parent.key is None
        if is_key and (event.tag == _MERGE or (event.value == "<<" and event.implicit[0])):
            parent.key = "<<"  # type: ignore[union-attr]
            parent.merges.append(None)  # type: ignore[union-attr] # filled with the value that follows
            return False, None
        return self._put(_Part(_resolve(event), 1, 0), event.start_mark.line, event.anchor)

    def _alias(self, event: Any) -> tuple[bool, Any]:
        if event.anchor in self._open:
            raise YAMLError(f"yaml: anchor '{event.anchor}' value contains itself")
        if event.anchor not in self._anchors:
            raise YAMLError(f"yaml: unknown anchor '{event.anchor}' referenced")
        part = self._anchors[event.anchor]
        self._aliased += part.size
        if self._aliased > MAX_ALIASED:
            raise YAMLError("yaml: document contains excessive aliasing")
        if len(self._stack) + part.depth > MAX_DEPTH:
            raise YAMLError(_too_deep())
        return self._put(part._replace(value=_copy(part.value)), event.start_mark.line, None)

    def _put(self, part: _Part, line: int, anchor: str | None) -> tuple[bool, Any]:
        if anchor:
            self._anchors[anchor] = part
        value = part.value
        if not self._stack:
            return True, value
        frame = self._stack[-1]
        frame.size += part.size
        frame.depth = max(frame.depth, part.depth + 1)
        if frame.value.__class__ is list:
            frame.value.append(value)
        elif frame.key is None:
            frame.key = self._key(frame, value, line)
        elif frame.merges and frame.merges[-1] is None:
            frame.merges[-1:] = _merge_sources(value)
            frame.key = None
        else:
            frame.value[frame.key] = value
            frame.key = None
        return False, None

    def _key(self, frame: _Frame, value: Any, line: int) -> str:
        key = _key_text(value)
        if key in frame.lines:
            shown = go_quote(value) if isinstance(value, str) else key
            self.duplicates.append(f"line {line + 1}: key {shown} already set in map")
        frame.lines.add(key)
        return key


def _merge_sources(value: Any) -> list[dict[str, Any]]:
    """Maps that `<<` merges, those that win last coming last."""
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(s, dict) for s in sources):
        raise YAMLError("yaml: map merge requires map or sequence of maps as the value")
    return sources


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if value.__class__ is list else value


def _key_text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    kind = {type(None): "nil", dict: "map[interface {}]interface {}", list: "slice"}[type(value)]
    raise YAMLError(f"error converting YAML to JSON: unsupported map key of type: {kind}")


_TAGS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:binary": str,
    "!": str,
}


def _resolve(event: Any) -> Any:
    """A scalar as Go's resolver reads it: only a plain one is anything but a string."""
    text: str = event.value
    if event.tag in _TAGS or (event.tag is None and not event.implicit[0]):
        return text
    plain = text.replace("_", "")
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] in "+-.0123456789":
        if len(plain) <= _MOST_DIGITS and _INTEGER.fullmatch(plain):
            value = _integer(plain)
            if -(2**63) <= value < 2**64:
                return value
        if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)):
            return _number(float(plain))
        if _NOT_FINITE.fullmatch(text):
            return _number(float(text.replace(".", "", 1)))
    return text


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        shown = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise YAMLError(f"json: unsupported value: {shown}")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value  # Go writes 1.0 as 1


def _too_deep() -> str:
    return f"yaml: exceeded max depth of {MAX_DEPTH}"


def _message(error: Any) -> str:
    if getattr(error, "problem", None) == "exceeded maximum nesting depth":  # newer versions of libyaml have a limit
        return _too_deep()
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    off_by_one = error.__class__.__name__ == "ScannerError"
    where = f"line {mark.line + off_by_one}: " if mark and mark.line else ""
    return f"yaml: {where}{getattr(error, 'problem', None) or getattr(error, 'reason', None) or error}"


def _represent_text(dumper: Any, text: str) -> Any:
    """As Go's encoder quotes: double quotes where a reader would take the text for something else."""
    if "\n" in text:
        style = "|"
    elif _reads_as_other(text):
        style = '"'
    else:
        style = None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _reads_as_other(text: str) -> bool:
    if text in _NULLS or text in _BOOLS or text == "<<":
        return True
    plain = text.replace("_", "")
    return text[0] in "+-.0123456789" and bool(
        _INTEGER.fullmatch(plain) or _FLOAT.fullmatch(plain) or _NOT_FINITE.fullmatch(text)
        or _SEXAGESIMAL.fullmatch(text) or _DATE.match(text)
    )  # fmt: skip


_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:[Tt ]|$)", re.ASCII)

@cache
def _dumper() -> Any:
    """Block style; nothing is an alias."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(str, _represent_text)
    return Dumper


def dumps(value: Any) -> bytes:
    """YAML as Go writes it: keys sorted, block style, UTF-8."""
    import yaml

    text = yaml.dump(
        value, Dumper=_dumper(), sort_keys=True, default_flow_style=False, allow_unicode=True, width=80,
        encoding="utf-8",
    )  # fmt: skip
    return bytes(text)
