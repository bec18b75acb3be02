"""Base64 as tokens have it: for URLs, without padding (RFC 7515)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_ALPHABET: Final = re.compile(rb"[A-Za-z0-9_-]*")


def decode(text: str) -> bytes:
    """What Go's base64.RawURLEncoding reads; Python's decoder takes more. Raises ValueError without the text."""
    try:
        data = text.encode("ascii")
    except UnicodeEncodeError:
        raise ValueError("illegal base64 data") from None
    if _ALPHABET.fullmatch(data) is None:
        # Go passes over ends of lines
        data = data.replace(b"\r", b"").replace(b"\n", b"")
        if _ALPHABET.fullmatch(data) is None:
            raise ValueError("illegal base64 data")
    try:
        return base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        raise ValueError("illegal base64 data") from None
