"""Flag values as Go writes them (upstream: spf13/pflag, k8s.io/component-base cli/flag, time.ParseDuration).

Each parser takes the text after the flag and returns a plain Python value; it raises ValueError with the
text that pflag puts after `invalid argument … for … flag: `.
"""

import csv
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµμ]+)")
_QUANTITY = re.compile(r"(\d+)(|[kMGTPE]|[KMGTPE]i)$")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def quoted(text: str) -> str:
    """Go's %q for the texts that occur in flags."""
    return json.dumps(text, ensure_ascii=False)


def boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {quoted(text)}: invalid syntax")


def integer(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax") from None


def floating(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"strconv.ParseFloat: parsing {quoted(text)}: invalid syntax") from None


def duration(text: str) -> float:
    """Seconds. "1h2m0.5s"; "0" needs no unit."""
    body = text[1:] if text[:1] in ("-", "+") else text
    sign = -1.0 if text.startswith("-") else 1.0
    if body == "0":
        return 0.0
    total, at = 0.0, 0
    while at < len(body):
        part = _DURATION_PART.match(body, at)
        if part is None:
            break
        if part[2] not in _UNITS:
            raise ValueError(f"time: unknown unit {quoted(part[2])} in duration {quoted(text)}")
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    if not body or at != len(body):
        missing = "missing unit in" if re.fullmatch(r"(\d+\.?\d*|\.\d+)", body[at:]) else "invalid"
        raise ValueError(f"time: {missing} duration {quoted(text)}")
    return sign * total


def ip(text: str) -> str:
    if not text:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"failed to parse IP: {quoted(text)}") from None


def strings(text: str) -> tuple[str, ...]:
    """Comma-separated, with CSV quoting."""
    if not text:
        return ()
    return tuple(next(csv.reader([text])))


def one_string(text: str) -> tuple[str, ...]:
    return (text,)


def integers(text: str) -> tuple[int, ...]:
    return tuple(integer(part) for part in text.split(",")) if text else ()


def mapping(text: str) -> dict[str, str]:
    """ "k=v,k=v" (upstream: ConfigurationMap and MapStringString). A key without "=" has the value ""."""
    pairs: dict[str, str] = {}
    for part in text.split(","):
        if part.strip():
            key, _, value = part.partition("=")
            pairs[key.strip()] = value.strip()
    return pairs


def pair(text: str) -> dict[str, str]:
    """ "k=v" (upstream: MapStringStringNoSplit)."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ValueError("malformed pair, expect string=string")
    return {key.strip(): value.strip()}


def gate_mapping(text: str) -> dict[str, str]:
    """ "Gate=true,kube:Gate=false" → gate to value; components other than kube are refused."""
    pairs: dict[str, str] = {}
    for key, value in mapping(text).items():
        component, separator, gate = key.rpartition(":")
        if separator and component not in ("", "kube"):
            raise ValueError(f"component not registered: {component}")
        pairs[gate] = value
    return pairs


def port_range(text: str) -> tuple[int, int]:
    """(first, last) of "30000-32767", "30000+2767" or one port."""
    try:
        if "-" in text:
            low, high = (int(part) for part in text.split("-"))
        elif "+" in text:
            low, offset = (int(part) for part in text.split("+"))
            high = low + offset
        else:
            low = high = int(text)
    except ValueError:
        raise ValueError(f"unable to parse port range: {text}") from None
    if low > 65535 or high > 65535:
        raise ValueError(f"the port range cannot be greater than 65535: {text}")
    if high < low:
        raise ValueError(f"end port cannot be less than start port: {text}")
    return low, high


def quantity(text: str) -> int:
    if not text:
        return 0
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    base = 1024 if match[2].endswith("i") else 1000
    return int(match[1]) * int(base ** (" KMGTPE".index(match[2][0].upper()) if match[2] else 0))


def text(value: str) -> str:
    return value


PARSERS: dict[str, Callable[[str], Any]] = {
    "Level": integer, "bool": boolean, "colonSeparatedMultimapStringString": gate_mapping, "duration": duration,
    "float": floating, "float32": floating, "int": integer, "int32Slice": integers, "ip": ip,
    "mapStringString": mapping, "namedCertKey": one_string, "pattern=N,...": strings, "portRange": port_range,
    "quantity": quantity, "string": text, "stringArray": one_string, "stringToString": mapping, "strings": strings,
    "version[=true]": text,
}
"""By the type name that `--help` shows."""

EMPTY: dict[str, Any] = {
    "Level": 0, "bool": False, "duration": 0.0, "float": 0.0, "float32": 0.0, "int": 0, "namedCertKey": (),
    "stringArray": (), "version[=true]": "false",
}
"""The default of a type where the table has none (others parse "")."""


def merge(old: Any, new: Any) -> Any:
    """A repeated flag: lists and maps grow, everything else is replaced."""
    if isinstance(new, dict):
        return {**old, **new}
    if isinstance(new, tuple) and isinstance(old, tuple):
        return old + new
    return new
