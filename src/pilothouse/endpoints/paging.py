"""Continue tokens and the versions a list is about (upstream: apiserver pkg/storage/{continue,interfaces}.go)."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Mapping
from typing import Any

import orjson

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.status import StatusError

_VERSION = "meta.k8s.io/v1"
_INVALID = "continue key is not valid"
_UINT64 = 2**64
_UNSIGNED = re.compile(r"[0-9]+\Z", re.ASCII)
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_JSON_START = frozenset(b'{["-0123456789tfn \t\r\n')

LIST_EXPIRED = "The resourceVersion for the provided list is too old."
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class ContinueExpired(StatusError):
    """410 for a token whose revision is gone; the answer carries one that goes on at the newest revision."""

    def __init__(self, token: str) -> None:
        super().__init__(410, status.REASON_EXPIRED, _INCONSISTENT)
        self.token = token

    def status(self) -> dict[str, Any]:
        body = super().status()
        body["metadata"] = {"continue": self.token}
        return body


def encode(last_key: str, prefix: str, revision: int) -> str:
    """The token for the page after `last_key`, a key under `prefix` ("/registry/pods/ns/")."""
    return encode_start(last_key.removeprefix(prefix) + "\0", revision)


def encode_start(start: str, revision: int) -> str:
    token = orjson.dumps({"v": _VERSION, "rv": revision, "start": start})
    # Go's JSON encoder escapes these three; keys hold none of them today
    token = token.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def decode(token: str) -> tuple[str, int]:
    """(where to start below the list's prefix, revision; negative: the newest). Raises 400."""
    try:
        return _decode(token)
    except ValueError as e:
        raise status.bad_request(f"invalid continue token: {e}") from None


def _decode(token: str) -> tuple[str, int]:
    content = _content(_base64(token))
    version, revision, start = (content.get(name) for name in ("v", "rv", "start"))
    if version != _VERSION:
        raise ValueError(f"{_INVALID}: server does not recognize this encoded version {version or ''}")
    if not revision:
        raise ValueError(f"{_INVALID}: incorrect encoded start resourceVersion (version {_VERSION})")
    if not start:
        raise ValueError(f"{_INVALID}: encoded start key empty (version {_VERSION})")
    key = start if start.startswith("/") else f"/{start}"
    # a start that climbs out of the list's prefix is refused; normpath alone leaves a double slash in front
    if key.startswith("//") or posixpath.normpath(key) != key:
        raise ValueError(f"{_INVALID}: {start}")
    return key[1:], revision


def _base64(token: str) -> bytes:
    clean = _ALPHABET.match(token)
    end = clean.end() if clean else 0
    if end < len(token) or len(token) % 4 == 1:
        raise ValueError(f"{_INVALID}: illegal base64 data at input byte {min(end, len(token))}")
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise ValueError(f"{_INVALID}: illegal base64 data at input byte {len(token)}") from None


def _content(data: bytes) -> Mapping[str, Any]:
    if data and data[0] not in _JSON_START:
        c = chr(data[0])
        shown = c if 0x20 <= data[0] < 0x7F or c.isprintable() else f"\\u{data[0]:04x}"
        raise ValueError(f"{_INVALID}: invalid character '{shown}' looking for beginning of value")
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ValueError(f"{_INVALID}: unexpected end of JSON input") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(
            f"{_INVALID}: json: cannot unmarshal {_go_kind(content)} into Go value of type storage.continueToken"
        )
    for name, kind, go in (("v", str, "string"), ("rv", int, "int64"), ("start", str, "string")):
        value = content.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ValueError(
                f"{_INVALID}: json: cannot unmarshal {_go_kind(value)} into Go struct field "
                f"continueToken.{name} of type {go}"
            )
    return content


def _go_kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
    return "object"


def parse_resource_version(text: str) -> int:
    """0 for "" and "0". Raises ValueError as kube-apiserver words it (upstream: storage.APIObjectVersioner)."""
    if not text or text == "0":
        return 0
    if _UNSIGNED.match(text):
        value = whole(text)
        if value < _UINT64:
            return value
        detail = "value out of range"
    else:
        detail = "invalid syntax"
    raise ValueError(
        str(field.invalid("resourceVersion", text, f"strconv.ParseUint: parsing {field.go_quote(text)}: {detail}"))
    )
