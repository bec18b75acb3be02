"""The errors of a value under way (upstream: kube-openapi pkg/validation/validate/result.go)."""

from __future__ import annotations

from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error, go_quote
from pilothouse.apimachinery.structural.value_numbers import Fault

#: Characters of texts: a schema's pattern stands in each of them.
_MOST_TEXT: Final = 1 << 20


class Result:
    """Errors by upstream's text for them, in order: the same text is said once, and only so many are kept. `matches`
    counts what was right."""

    __slots__ = ("_room", "errors", "matches")

    def __init__(self) -> None:
        self.errors: dict[str, Error] = {}
        self.matches = 0
        self._room = _MOST_TEXT

    @property
    def full(self) -> bool:
        """Whether what else there is to find would not be told."""
        return len(self.errors) >= field.MOST_ERRORS or self._room <= 0

    def add(self, text: str, error: Error) -> None:
        if not self.full and text not in self.errors:
            self.errors[text] = error
            self._room -= len(text)

    def add_invalid(self, path: str, value: Any, text: str) -> None:
        self.add(text, field.invalid(path, value, text))

    def add_type(self, path: str, wanted: str, value: str) -> None:
        """`value` is the kind of what was found, or a text that has not the format that is wanted."""
        text = f"{path} in body must be of type {wanted}: {go_quote(value)}"
        self.add(text, field.type_invalid(path, value, text))

    def add_plain(self, text: str) -> None:
        """An error that upstream gives no path; nothing for ""."""
        if text:
            self.add(text, Error(field.INVALID, "\0", "", text))

    def add_fault(self, path: str, fault: Fault | None) -> None:
        if fault is not None:
            self.add_invalid(path, fault[1], fault[0])

    def merge(self, other: Result) -> None:
        self.matches += other.matches
        for text, error in other.errors.items():
            self.add(text, error)

    def at(self, path: str) -> list[Error]:
        """The errors, with the path of the value in front."""
        return [Error(e.reason, _joined(path, e.field), e.value, e.detail) for e in self.errors.values()]


def _joined(base: str, path: str) -> str:
    path = "" if path == "\0" else path.removeprefix(".")
    if path == ".":
        path = ""
    if not path:
        return base or "<nil>"
    return f"{base}.{path}" if base else path
