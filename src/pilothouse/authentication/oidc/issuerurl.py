"""URLs of issuers (upstream: validateURL, net/url)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pilothouse.apimachinery.field import go_quote

_PORT = re.compile(r":([^:\]]+)$")
_IN_HOSTS = frozenset(' "<>\\^`{|}')


def url_problems(url: str) -> list[str]:
    """What is wrong with the URL of an issuer or of its discovery document."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [f"parse {go_quote(url)}: {error}"]
    if (port := _PORT.search(parts.netloc.rpartition("@")[2])) and not (port[1].isascii() and port[1].isdigit()):
        return [f"parse {go_quote(url)}: invalid port {go_quote(port[0])} after host"]
    if any(ord(c) < 0x20 or c == "\x7f" for c in url):
        return [f"parse {go_quote(url)}: net/url: invalid control character in URL"]
    if wrong := next((c for c in parts.netloc if c in _IN_HOSTS), ""):
        return [f"parse {go_quote(url)}: invalid character {go_quote(wrong)} in host name"]
    checks = (
        (parts.scheme != "https", "URL scheme must be https"),
        ("@" in parts.netloc, "URL must not contain a username or password"),
        (bool(parts.query), "URL must not contain a query"),
        (bool(parts.fragment), "URL must not contain a fragment"),
    )
    return [text for wrong_so, text in checks if wrong_so]
