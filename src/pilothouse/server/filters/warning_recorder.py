"""Warning headers (upstream: endpoints/filters/warning.go).

Inside the timeout filter: an answer that is cut off carries no warnings, as upstream.
"""

import unicodedata

from pilothouse.apimachinery.http import Handler, Headers, Request, Response

_TOTAL_LIMIT = 4 * 1024
_ITEM_LIMIT = 256


def warning_headers(texts: list[str]) -> Headers:
    """One header for each text; all cut to 256 characters once the total passes 4096."""
    if sum(len(t) for t in texts) <= _TOTAL_LIMIT:
        return _headers(texts)
    written = 0
    kept = []
    for text in texts:
        if written >= _TOTAL_LIMIT:
            break
        kept.append(text[:_ITEM_LIMIT])
        written += len(kept[-1])
    return _headers(kept)


def _headers(texts: list[str]) -> Headers:
    return [(b"warning", _value(text)) for text in texts if text and not _has_control(text)]


def _value(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'.encode()


def _has_control(text: str) -> bool:
    """Upstream drops a warning with control characters: it makes no header."""
    return not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def with_warning_recorder(handler: Handler) -> Handler:
    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        finally:
            warnings = request.context.warnings
            if warnings is not None:
                request.context.response_headers += warning_headers(warnings)

    return serve
