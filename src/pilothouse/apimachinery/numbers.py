"""Whole numbers as clients write them. Python reads at most 4300 digits, and slowly so; clients may send millions."""

from typing import Final

_DIGITS: Final = 64
BEYOND: Final = 10**_DIGITS
"""Stands for every number that is too large for any type."""


def whole(text: str) -> int:
    """The number that a text of digits names, which may have a sign; ±`BEYOND` for one beyond all types.

    Raises ValueError for any other text.
    """
    if len(text) <= _DIGITS:
        return int(text)
    if not text.isascii() or not text[1:].isdigit() or text[0] not in "+-0123456789":
        raise ValueError("not a whole number")
    digits = text.lstrip("+-").lstrip("0")
    value = int(digits or "0") if len(digits) <= _DIGITS else BEYOND
    return -value if text[0] == "-" else value
