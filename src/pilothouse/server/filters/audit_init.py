"""The audit id: taken from the client or made, and sent back (upstream: endpoints/filters/audit_init.go).

Outermost, so that every answer carries the id, also that of a bug. It also puts the headers that the other
filters have collected on whatever answer comes back.
"""

import os
from collections.abc import Callable

from pilothouse.apimachinery.http import Handler, Headers, Request, Response

_POOL_IDS = 256


def uuid_source(urandom: Callable[[int], bytes] = os.urandom) -> Callable[[], str]:
    """A function making random (version 4) UUIDs, several times faster than uuid.uuid4."""
    pool = ""
    position = 0

    def make() -> str:
        nonlocal pool, position
        if position >= len(pool):
            pool = urandom(16 * _POOL_IDS).hex()
            position = 0
        h = pool[position : position + 32]
        position += 32
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"

    return make


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def with_audit_init(handler: Handler, new_id: Callable[[], str] | None = None) -> Handler:
    make = new_id or uuid_source()

    async def serve(request: Request) -> Response:
        context = request.context
        for name, value in request.headers:
            if name == b"audit-id" and value:
                audit_id, raw = value.decode("latin-1"), value
                break
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
