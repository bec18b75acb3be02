"""Lists of job indexes, "0,3-5" (upstream: pkg/apis/batch/validation validateIndexesFormat)."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.numbers import whole

_is_integer = re.compile("[+-]?[0-9]{1,18}").fullmatch


class IndexesError(ValueError):
    """A text that is no list of indexes; the message is upstream's."""


def count(text: str, completions: int) -> int:
    """How many indexes the list has. Raises IndexesError."""
    total = 0
    last: int | None = None
    for part in text.split(",") if text else ():
        low, high = _interval(part, completions)
        if last is not None and last >= low:
            raise IndexesError(f"non-increasing order, previous: {last}, current: {low}")
        total += high - low + 1
        last = high
    return total


def overlap(text: str, other: str, completions: int) -> int | None:
    """The first index that is in both lists. Parts that are none are passed over."""
    taken = sorted(found for part in text.split(",") if (found := _valid(part, completions)))
    reached = list(accumulate((high for _, high in taken), max))
    for part in other.split(","):
        interval = _valid(part, completions)
        if interval is None:
            continue
        first = bisect_left(reached, interval[0])
        if first < len(taken) and taken[first][0] <= interval[1]:
            return max(taken[first][0], interval[0])
    return None


def _valid(part: str, completions: int) -> tuple[int, int] | None:
    try:
        return _interval(part, completions)
    except IndexesError:
        return None


def _interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        raise IndexesError(
            f"the fragment {go_quote(text)} violates the requirement that an index interval can have at most "
            "two parts separated by '-'"
        )
    low, *rest = (_index(limit, completions) for limit in limits)
    if not rest:
        return low, low
    if low >= rest[0]:
        raise IndexesError(f"non-increasing order, previous: {low}, current: {rest[0]}")
    return low, rest[0]


def _index(text: str, completions: int) -> int:
    if not _is_integer(text):
        raise IndexesError(f"cannot convert string to integer for index: {go_quote(text)}")
    if whole(text) >= completions:
        raise IndexesError(f"too large index: {go_quote(text)}")
    return whole(text)
