"""The audit id: taken from the client or made, and sent back (upstream: endpoints/filters/audit_init.go).

Outermost, so that every answer carries the id, also that of a bug. It also puts the headers that the other
filters have collected on whatever answer comes back.
"""

from collections.abc import Callable

from pilothouse.apimachinery.http import Handler, Headers, Request, Response
from pilothouse.apimachinery.meta import new_uid


def with_audit_init(handler: Handler, new_id: Callable[[], str] | None = None) -> Handler:
    make = new_id or new_uid

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
