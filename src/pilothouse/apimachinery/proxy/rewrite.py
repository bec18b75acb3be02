"""Links of a backend's answers made to lead back through the proxy (upstream: util/proxy/transport.go).

A page that is served below /api/v1/namespaces/ns/services/s/proxy/ links to its own host or to absolute paths;
both would miss the prefix. Location headers and the URL attributes of HTML are changed, nothing else.
"""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit, urlunsplit

from pilothouse.apimachinery.proxy.location import Location, clean_path

#: The attributes of each tag that hold URLs.
_URL_ATTRIBUTES = {
    "a": {"href"}, "applet": {"codebase"}, "area": {"href"}, "audio": {"src"}, "base": {"href"},
    "blockquote": {"cite"}, "body": {"background"}, "button": {"formaction"}, "command": {"icon"}, "del": {"cite"},
    "embed": {"src"}, "form": {"action"}, "frame": {"longdesc", "src"}, "head": {"profile"}, "html": {"manifest"},
    "iframe": {"longdesc", "src"}, "img": {"longdesc", "src", "usemap"}, "input": {"src", "usemap", "formaction"},
    "ins": {"cite"}, "link": {"href"}, "object": {"classid", "codebase", "data", "usemap"}, "q": {"cite"},
    "script": {"src"}, "source": {"src"}, "video": {"poster", "src"},
}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\r": "&#13;"})
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": -zlib.MAX_WBITS}
ENCODINGS = frozenset({"", *_WINDOW_BITS})


@dataclass(frozen=True, slots=True)
class Rewriter:
    """`prefix` is the path below which the backend is shown; `backend_host` and `request_host` are hosts whose
    URLs mean the page's own server."""

    prefix: str
    backend_host: str
    request_host: str

    def url(self, text: str) -> str:
        """Raises ValueError for what is no URL."""
        parts = urlsplit(text)
        foreign = parts.netloc not in ("", self.backend_host, self.request_host)
        if foreign or not parts.path.startswith("/"):
            return text
        # A URL that names the host which the client asked keeps it; any other loses scheme and host.
        origin = (parts.scheme, parts.netloc) if parts.netloc == self.request_host else ("", "")
        path = parts.path
        if not path.startswith(self.prefix):
            path = clean_path(f"{self.prefix}/{path}")
        return urlunsplit((*origin, path, parts.query, parts.fragment))

    def html(self, page: bytes) -> bytes:
        """The page with rewritten start tags; everything else stays as it is."""
        text = page.decode("utf-8", "surrogateescape")
        return _Page(self, text).rewritten().encode("utf-8", "surrogateescape")

    def encoded_html(self, page: bytes, encoding: str) -> bytes:
        """The same for a page with one of `ENCODINGS`. Raises ValueError for one that cannot be read."""
        if not encoding:
            return self.html(page)
        bits = _WINDOW_BITS[encoding]
        try:
            plain = zlib.decompress(page, bits)
        except zlib.error as error:
            raise ValueError(f"error reading a page with the encoding {encoding}: {error}") from None
        compressor = zlib.compressobj(wbits=bits)
        return compressor.compress(self.html(plain)) + compressor.flush()


def path_prefix(request_path: str, location: Location) -> str:
    """What stands before the backend's own path in the client's URL."""
    suffix = location.path
    if request_path.endswith("/") and not suffix.endswith("/"):
        suffix += "/"
    return request_path.removesuffix(suffix)


def forwarded_uri(prefix: str, location: Location) -> str:
    """The X-Forwarded-Uri header: where the client sees the page."""
    uri = clean_path(f"{prefix}/{location.escaped_path}").rstrip("/")
    return f"{uri}/" if location.path.endswith("/") else uri


class _Page(HTMLParser):
    def __init__(self, rewriter: Rewriter, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._rewriter = rewriter
        self._text = text
        # The parser counts lines by line feeds alone.
        self._lines = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
        self._pieces: list[str] = []
        self._done = 0

    def rewritten(self) -> str:
        self.feed(self._text)
        self.close()
        return "".join((*self._pieces, self._text[self._done:]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._replace(tag, attrs, ">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._replace(tag, attrs, "/>")

    def _replace(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        names = _URL_ATTRIBUTES.get(tag)
        if names is None or not any(name in names for name, _ in attrs):
            return
        line, column = self.getpos()
        start = self._lines[line - 1] + column
        shown = "".join(f' {name}="{self._value(name in names, value or "")}"' for name, value in attrs)
        self._pieces += [self._text[self._done:start], f"<{tag}{shown}{end}"]
        self._done = start + len(self.get_starttag_text() or "")

    def _value(self, is_url: bool, value: str) -> str:
        if is_url:
            # What is no URL is left as it is: a page may hold anything.
            with contextlib.suppress(ValueError):
                value = self._rewriter.url(value)
        return value.translate(_ESCAPES)
