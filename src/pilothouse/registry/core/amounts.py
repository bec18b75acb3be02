"""Formats of quantities (upstream: pkg/apis/core/validation ValidateNonnegativeQuantity and its like).

Quantities come as canonical texts. Parsed ones are remembered: the same few occur again and again.
"""

from functools import lru_cache

from pilothouse.apimachinery.quantity import Quantity, parse
from pilothouse.registry.rules import NOT_NEGATIVE

parsed = lru_cache(maxsize=4096)(parse)
NOT_POSITIVE = "must be greater than zero"
NOT_INTEGER = "must be an integer"
ZERO = Quantity()


def is_amount(text: str) -> list[str]:
    """Not negative."""
    return [NOT_NEGATIVE] if text[0] == "-" else []


def is_positive_amount(text: str) -> list[str]:
    return [NOT_POSITIVE] if text[0] == "-" or text == "0" else []


def is_integer_amount(text: str) -> list[str]:
    """Not negative, and whole."""
    negative = is_amount(text)
    return negative if text.isdigit() or parsed(text).milli_value() % 1000 == 0 else [*negative, NOT_INTEGER]
