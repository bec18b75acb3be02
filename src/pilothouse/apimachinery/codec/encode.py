"""Objects to bytes as Go writes them (upstream: apimachinery pkg/runtime/serializer/json)."""

from typing import Any

import orjson

_LINE_SEPARATORS = (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029")


def encode(obj: Any) -> bytes:
    """Compact JSON with a line end, as Go's json.Encoder."""
    return escape(orjson.dumps(obj)) + b"\n"


def encode_pretty(obj: Any) -> bytes:
    """Two blanks of indent and no line end, as Go's json.MarshalIndent."""
    return escape(orjson.dumps(obj, option=orjson.OPT_INDENT_2))


def escape(data: bytes) -> bytes:
    """JSON with the characters escaped that Go's encoder keeps out of HTML and JavaScript; strings only hold them."""
    if b"<" in data:
        data = data.replace(b"<", b"\\u003c")
    if b">" in data:
        data = data.replace(b">", b"\\u003e")
    if b"&" in data:
        data = data.replace(b"&", b"\\u0026")
    if b"\xe2\x80" in data:
        for raw, escaped in _LINE_SEPARATORS:
            data = data.replace(raw, escaped)
    return data
