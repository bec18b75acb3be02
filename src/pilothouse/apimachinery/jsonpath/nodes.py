"""What a template is parsed into (upstream: client-go util/jsonpath node.go)."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or bool. `is_text`: it gives one result whatever the input."""

    value: str | int | float | bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class Field:
    """.name"""

    name: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """range, end, or something that is not known."""

    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """One number of an array selection; `value` is None when it is not given. `derived`: it follows from the first."""

    value: int | None
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """[start:end:step]"""

    start: Bound
    end: Bound
    step: Bound


@dataclass(frozen=True, slots=True)
class Wildcard:
    """*"""


@dataclass(frozen=True, slots=True)
class Recursive:
    """.."""


@dataclass(frozen=True, slots=True)
class Union:
    """[a,b]"""

    members: "tuple[ListNode, ...]"


@dataclass(frozen=True, slots=True)
class Filter:
    """[?(left operator right)]; the operator is "exists" where there is only a left side."""

    left: "ListNode"
    right: "ListNode"
    operator: str


@dataclass(frozen=True, slots=True)
class ListNode:
    """One after the other, each on what the one before found."""

    nodes: "tuple[Node, ...]"


Node: TypeAlias = Literal | Field | Identifier | Array | Wildcard | Recursive | Union | Filter | ListNode
