"""Timestamps and durations: reading them as Go does, and their calendar (cel-go common/types/timestamp.go)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.cel.values import (
    MAX_INT,
    MIN_INT,
    Duration,
    EvaluationError,
    Timestamp,
    no_such_overload,
)

_GIGA = 10**9
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:(Z)|([+-])(\d\d):(\d\d))", re.ASCII
)


def parse_timestamp(text: str) -> Timestamp | None:
    """RFC 3339 as Go's time.Parse reads it; None when it is not."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, _, sign, zone_hours, zone_minutes = match.groups()[6:]
    offset = 0
    if sign:
        if int(zone_hours) > 24 or int(zone_minutes) > 60:
            return None
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * (-60 if sign == "-" else 60)
    try:
        if year == 0:  # Go knows it; CEL's range begins later
            datetime(4, month, day, hour, minute, second)
            raise EvaluationError("timestamp overflow")
        at = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    seconds = (at - datetime(1970, 1, 1)) // timedelta(seconds=1) - offset
    return Timestamp(seconds * _GIGA + int((fraction or "0")[:9].ljust(9, "0")), offset)


def parse_duration(text: str) -> Duration | None:
    """`1h2.5s` as Go's time.ParseDuration reads it; None when it is not."""
    try:
        return Duration(duration.parse(text))
    except ValueError:
        return None


def add(a: Timestamp | Duration, b: Timestamp | Duration) -> Timestamp | Duration:
    if isinstance(a, Timestamp):
        if isinstance(b, Duration):
            return Timestamp(a.nanoseconds + b.nanoseconds, a.offset)
    elif isinstance(b, Timestamp):
        return Timestamp(a.nanoseconds + b.nanoseconds, b.offset)
    elif isinstance(a, Duration) and isinstance(b, Duration):
        return Duration(a.nanoseconds + b.nanoseconds)
    raise no_such_overload()


def subtract(a: Timestamp | Duration, b: Timestamp | Duration) -> Timestamp | Duration:
    difference = a.nanoseconds - b.nanoseconds
    if isinstance(a, Timestamp) and isinstance(b, Duration):
        return Timestamp(difference, a.offset)
    if type(a) is not type(b):
        raise no_such_overload()
    if isinstance(a, Timestamp) and not MIN_INT <= difference <= MAX_INT:
        raise EvaluationError("timestamp overflow")
    return Duration(difference)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    if name in ("", "UTC"):
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise EvaluationError(f"unknown time zone {name}") from None


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
        raise EvaluationError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _local(at: Timestamp, zone: str) -> datetime:
    hours, colon, minutes = zone.partition(":")
    if not colon:
        known = _zone(zone)
        offset = at.utc().astimezone(known).utcoffset() if 1 < at.at().year < 9999 else timedelta()
        return at.at(int((offset or timedelta()).total_seconds()))
    hour, minute = _integer(hours), _integer(minutes)
    return at.at((hour * 60 - minute if zone.startswith("-") else hour * 60 + minute) * 60)


def part(read: Callable[[datetime], int]) -> Callable[..., int]:
    """A function of a timestamp, in UTC or in the zone that is given: a name, or `-08:00`."""

    def get(at: Timestamp, zone: str = "UTC") -> int:
        return read(at.at() if zone == "UTC" else _local(at, zone))

    return get


def milliseconds(at: Timestamp | Duration, zone: str = "UTC") -> int:
    if isinstance(at, Duration):
        return _whole(at.nanoseconds, 10**6)
    if zone != "UTC":
        _local(at, zone)
    return at.nanoseconds % _GIGA // 10**6


def whole(unit: int) -> Callable[[Duration], int]:
    """A duration as a whole number of units of so many nanoseconds, cut off towards zero."""
    return lambda value: _whole(value.nanoseconds, unit)


def _whole(nanoseconds: int, unit: int) -> int:
    return nanoseconds // unit if nanoseconds >= 0 else -(-nanoseconds // unit)
