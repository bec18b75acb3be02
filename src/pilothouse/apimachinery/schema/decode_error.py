"""Why a value does not fit its type, in the words of Go's decoder (upstream: sigs.k8s.io/json)."""

from typing import Any


class DecodeError(ValueError):
    """A value that cannot be held by its type. `str()` is the message as kube-apiserver sends it."""


class TimeOutOfRange(DecodeError):
    """A time in a year of which there is no text. Go writes years of five digits, and cannot read them again."""

    def __init__(self) -> None:
        super().__init__("Time.MarshalJSON: year outside of range [0,9999]")


class TypeMismatch(DecodeError):
    """A JSON value of the wrong kind. The path is filled in from the inside out while the error rises."""

    def __init__(self, value: Any, go_type: str) -> None:
        super().__init__()
        self.described = describe(value)
        self.go_type = go_type
        self.struct = ""
        self.path: list[str] = []

    def within(self, struct: str, field: str) -> None:
        """Note that this happened in `field` of the Go struct `struct`; the innermost struct is the one named."""
        if not self.struct:
            self.struct = struct.rpartition(".")[2]
        self.path.append(field)

    def __str__(self) -> str:
        if not self.path:
            return f"json: cannot unmarshal {self.described} into Go value of type {self.go_type}"
        where = f"{self.struct}.{'.'.join(reversed(self.path))}"
        return f"json: cannot unmarshal {self.described} into Go struct field {where} of type {self.go_type}"


def describe(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


class NumberMismatch(TypeMismatch):
    """A number that its Go type cannot hold: the text of the number is part of the message."""

    def __init__(self, value: int | float, go_type: str) -> None:
        super().__init__(value, go_type)
        self.described = f"number {value}"
