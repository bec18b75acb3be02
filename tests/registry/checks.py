"""For tables of validation: a good object, one change, and the causes that follow."""

import json
from collections.abc import Iterable
from typing import Any

from pilothouse.apimachinery.field import Error


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


def edited(obj: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at "spec.rules.0.host" replaced, or removed with `ABSENT`; "" changes nothing."""
    result: dict[str, Any] = json.loads(json.dumps(obj))
    if not path:
        return result
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = result
    for step in parents:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    if value is ABSENT:
        del holder[last]
    elif isinstance(last, int) and last == len(holder):
        holder.append(value)
    else:
        holder[last] = value
    return result


def texts(errors: Iterable[Error]) -> list[str]:
    return [str(error) for error in errors]


def begins(errors: Iterable[Error], expected: list[str]) -> None:
    """Each error's text begins with the expected one, in that order."""
    found = texts(errors)
    assert [text[: len(start)] for text, start in zip(found, expected, strict=False)] == expected
    assert len(found) == len(expected), found
