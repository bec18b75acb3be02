"""The audit id: taken from the client or made, and sent back (upstream: endpoints/filters/audit_init.go).

Outermost, so that every answer carries the id, also that of a bug. It also puts the headers that the other
filters have collected on whatever answer comes back.
"""

import os
import re
from collections.abc import Callable

from pilothouse.apimachinery.http import Handler, Headers, Request, Response

_POOL_IDS = 256


def uuid_source(urandom: Callable[[int], bytes] = os.urandom) -> Callable[[], str]:
    """A function making random (version 4) UUIDs, several times faster than uuid.uuid4."""
    pool: list[str] = []

    def make() -> str:
        if not pool:
            raw = bytearray(urandom(16 * _POOL_IDS))
            raw[6::16] = raw[6::16].translate(_VERSION_4)
            raw[8::16] = raw[8::16].translate(_VARIANT)
            pool.extend(map("-".join, _GROUPS.findall(raw.hex())))
        return pool.pop()

    return make


_GROUPS = re.compile("(.{8})(.{4})(.{4})(.{4})(.{12})")
_VERSION_4 = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))


def with_audit_init(handler: Handler, new_id: Callable[[], str] | None = None) -> Handler:
    make = new_id or uuid_source()

    async def serve(request: Request) -> Response:
        context = request.context
        raw = request.first_headers.get(b"audit-id")
        if raw:
            audit_id = raw.decode("latin-1")
        else:
            audit_id = make()
            raw = audit_id.encode()
        context.audit_id = audit_id
        preset = context.response_headers
        preset.append((b"audit-id", raw))
        response = await handler(request)
        own = response.headers
        for name, _ in own:
            if name in _OVERRIDABLE:
                response.headers = _merge(preset, own)
                return response
        response.headers = preset + own
        return response

    return serve


#: Headers that an answer may bring itself; the chain's value then gives way.
_OVERRIDABLE = frozenset({b"audit-id", b"cache-control", b"strict-transport-security"})


def _merge(preset: Headers, own: Headers) -> Headers:
    names = {name for name, _ in own if name in _OVERRIDABLE}
    return [header for header in preset if header[0] not in names] + own
