"""Schedules as cron jobs write them (upstream: github.com/robfig/cron/v3 ParseStandard).

Only whether a schedule is good, and what is wrong with it: running it is a controller's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pilothouse.apimachinery import duration, field
from pilothouse.registry.batch.timezones import unknown_location

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DESCRIPTORS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = "@every "
_MAX_INT = 2**63 - 1
_is_integer = re.compile("[+-]?[0-9]+").fullmatch


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: tuple[str, ...] = ()


#: Minute, hour, day of the month, month, day of the week.
_FIELDS = (
    _Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, tuple(_MONTHS)), _Bounds(0, 6, tuple(_DAYS)),
)


class ScheduleError(ValueError):
    """A text that is no schedule; the message is upstream's."""


def check(schedule: str) -> None:
    """Raises ScheduleError."""
    if not schedule:
        raise ScheduleError("empty spec string")
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        schedule = _without_zone(schedule)
    if schedule.startswith("@"):
        _check_descriptor(schedule)
        return
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]")
    for text, bounds in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if part:
                _check_range(part, bounds)


def _without_zone(schedule: str) -> str:
    head, space, rest = schedule.partition(" ")
    if not space:
        # upstream's parser panics here, and its caller catches that
        raise ScheduleError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
    name = head.partition("=")[2]
    if text := unknown_location(name):
        raise ScheduleError(f"provided bad location {name}: {text}")
    return rest.strip()


def _check_descriptor(text: str) -> None:
    if text in _DESCRIPTORS:
        return
    if not text.startswith(_EVERY):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    try:
        duration.parse(text.removeprefix(_EVERY))
    except ValueError as e:
        raise ScheduleError(f"failed to parse duration {text}: {e}") from None


def _check_range(text: str, bounds: _Bounds) -> None:
    """A number, a range of them or "*", with or without a step."""
    limits, *steps = text.split("/")
    low, *others = limits.split("-")
    if low in ("*", "?"):
        start, end = bounds.low, bounds.high
    else:
        start = _number_or_name(low, bounds)
        if len(others) > 1:
            raise ScheduleError(f"too many hyphens: {text}")
        end = _number_or_name(others[0], bounds) if others else start
    step = 1
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {text}")
    if steps:
        step = _number(steps[0])
        if not others:
            end = bounds.high
    if start < bounds.low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({bounds.low}): {text}")
    if end > bounds.high:
        raise ScheduleError(f"end of range ({end}) above maximum ({bounds.high}): {text}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if not step:
        raise ScheduleError(f"step of range should be a positive number: {text}")


def _number_or_name(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    return bounds.low + bounds.names.index(name) if name in bounds.names else _number(text)


def _number(text: str) -> int:
    shown = field.go_quote(text)
    if not _is_integer(text):
        raise ScheduleError(f"failed to parse int from {text}: strconv.Atoi: parsing {shown}: invalid syntax")
    value = int(text) if len(text) < 30 else _MAX_INT + 1
    if abs(value) > _MAX_INT:
        raise ScheduleError(f"failed to parse int from {text}: strconv.Atoi: parsing {shown}: value out of range")
    if value < 0:
        raise ScheduleError(f"negative number ({value}) not allowed: {text}")
    return value
