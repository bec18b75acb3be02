"""What a token says of itself. Nobody has verified it: good for choosing who does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pilothouse.authentication import rawurl

_LONG = 65536
"""Characters of a token that is read aside; only TokenReviews can bring one."""
_EMPTY = "e30"
"""A header that says nothing: {}."""


@dataclass(frozen=True, slots=True)
class Unverified:
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


async def look(token: str) -> Unverified | None:
    """`read`, without holding up others."""
    return await asyncio.to_thread(read, token) if len(token) > _LONG else read(token)


def read(token: str) -> Unverified | None:
    """None for what is no compact JSON Web Token with a JSON header (or none at all) and JSON claims."""
    parts = token.split(".", 3)
    if len(parts) != 3:
        return None
    try:
        header, claims = _object(parts[0] or _EMPTY), _object(parts[1])
        rawurl.decode(parts[2])
    except ValueError:
        return None
    return Unverified(header, claims)


def untrusted_issuer(claims: Mapping[str, Any]) -> str:
    """The issuer; Google writes its own in two ways."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        return ""
    return "https://accounts.google.com" if issuer == "accounts.google.com" else issuer


def _object(part: str) -> Mapping[str, Any]:
    """Raises ValueError."""
    value = orjson.loads(rawurl.decode(part))
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
