"""Object metadata: times, uids, the order of its keys (upstream: pkg/apis/meta/v1, pkg/util/uuid).

Times on the wire are RFC 3339 in UTC with whole seconds ("2026-01-02T03:04:05Z"); in here, Unix seconds.
"""

import math
import os
import re
import time
from calendar import timegm
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from pilothouse.apimachinery.numbers import whole

Clock = Callable[[], float]

#: The keys of ObjectMeta in the order in which Go writes them.
KEYS: Final = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)
#: Pointers keep an explicit zero: `deletionGracePeriodSeconds: 0` says "at once".
_KEEPS_ZERO = frozenset({"deletionGracePeriodSeconds", "creationTimestamp"})

FINALIZER_ORPHAN: Final = "orphan"
FINALIZER_FOREGROUND: Final = "foregroundDeletion"


def ordered(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The same metadata in Go's key order and without empty values."""
    return {
        k: v for k in KEYS
        if (v := metadata.get(k)) or (v is not None and k in _KEEPS_ZERO)
    }


def format_time(seconds: float) -> str:
    return _format_second(math.floor(seconds))


@lru_cache(maxsize=16)
def _format_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def format_micro_time(seconds: float) -> str:
    """metav1.MicroTime: six digits after the second, always."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time, with any offset or fraction. Raises ValueError."""
    if len(text) == 20 and text[-1] == "Z":
        return float(timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    return datetime.fromisoformat(text).timestamp()


class Times:
    """The clock as metadata needs it. The text of "now" is made once a second."""

    __slots__ = ("_second", "_text", "clock")

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._second = -1
        self._text = ""

    def now(self) -> str:
        second = int(self.clock())
        if second != self._second:
            self._second, self._text = second, format_time(second)
        return self._text

    def after(self, seconds: float) -> str:
        """The text of the moment `seconds` from now (negative: ago)."""
        return format_time(int(self.clock()) + seconds)


_POOL_IDS = 256
_GROUPS = re.compile("(.{8})(.{4})(.{4})(.{4})(.{12})")
_VERSION_4 = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


def uuid_source(urandom: Callable[[int], bytes] = os.urandom) -> Callable[[], str]:
    """A function making random (version 4) UUIDs, many at a time: uuid.uuid4() asks the kernel for each."""
    pool: list[str] = []

    def make() -> str:
        while True:
            try:
                return pool.pop()
            except IndexError:
                raw = bytearray(urandom(16 * _POOL_IDS))
                raw[6::16] = raw[6::16].translate(_VERSION_4)
                raw[8::16] = raw[8::16].translate(_VARIANT)
                pool.extend(map("-".join, _GROUPS.findall(raw.hex())))

    return make


new_uid: Final = uuid_source()

_UINT = re.compile("[0-9]+").fullmatch


def parse_resource_version(text: str) -> int:
    """The revision that `text` names; "" is 0. Raises ValueError with Go's strconv wording."""
    if not text:
        return 0
    if not _UINT(text):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    value = whole(text)
    if value >= 1 << 64:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return value
