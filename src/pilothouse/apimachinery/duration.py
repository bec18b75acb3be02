"""Go's durations as text, "1h15m30.918s" (upstream: Go's time.ParseDuration and Duration.String)."""

import re

from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.numbers import whole

NANOSECOND = 1
SECOND = 1_000_000_000

_UNITS = {
    "ns": NANOSECOND, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_LIMIT = 2**63
_LONGEST = 4096
"""Characters; Go reads any number of parts, and anybody may ask for a timeout."""


def parse(text: str) -> int:
    """Nanoseconds. Raises ValueError with Go's message."""
    negative = text.startswith("-")
    at = 1 if text[:1] in ("-", "+") else 0
    if text[at:] == "0":
        return 0
    if not text[at:] or len(text) > _LONGEST:
        raise ValueError(f"time: invalid duration {go_quote(text[:_LONGEST])}")
    total = 0
    while at < len(text):
        m = _PART.match(text, at)
        if m is None or not (m[1] or m[2]):
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        if not m[3]:
            raise ValueError(f"time: missing unit in duration {go_quote(text)}")
        if m[3] not in _UNITS:
            raise ValueError(f"time: unknown unit {go_quote(m[3])} in duration {go_quote(text)}")
        unit = _UNITS[m[3]]
        fraction = (m[2] or "")[:18]
        total += whole(m[1] or "0") * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = m.end()
        if total > _LIMIT - (not negative):
            raise ValueError(f"time: invalid duration {go_quote(text)}")
    return -total if negative else total


def format(nanoseconds: int) -> str:
    """The shortest exact form: "0s", "1.5ms", "1h0m0s"."""
    if not nanoseconds:
        return "0s"
    sign, size = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if size < SECOND:
        for unit, symbol in ((1_000_000, "ms"), (1000, "µs"), (1, "ns")):
            if size >= unit:
                return f"{sign}{_decimal(size, unit)}{symbol}"
    minutes, rest = divmod(size, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, SECOND)}s"
    if hours:
        text = f"{hours}h{minutes}m{text}"
    elif minutes:
        text = f"{minutes}m{text}"
    return sign + text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(unit)) - 1, '0').rstrip('0')}"
