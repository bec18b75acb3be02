"""HTTP/1.1 as bytes: request targets in, response heads out. No I/O."""

import re
import time
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from pilothouse.apimachinery.http import Headers
from pilothouse.apimachinery.requestinfo import origin_form

_STATUS_LINES = {s.value: b"HTTP/1.1 %d %s\r\n" % (s.value, s.phrase.encode()) for s in HTTPStatus}
#: net/http's reason phrases where Python's differ.
for _code, _phrase in {413: b"Request Entity Too Large", 416: b"Requested Range Not Satisfiable",
                       422: b"Unprocessable Entity", 418: b"I'm a teapot"}.items():
    _STATUS_LINES[_code] = b"HTTP/1.1 %d %s\r\n" % (_code, _phrase)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_WITHOUT_BODY = frozenset({204, 304})


class BadTarget(ValueError):
    """A request target that net/http refuses with 400."""


class UnsupportedCoding(ValueError):
    """A Transfer-Encoding other than `chunked`, which net/http refuses with 501."""


def split_target(target: bytes) -> tuple[str, str]:
    """(decoded path, raw query) of a request target in origin or absolute form. Raises BadTarget."""
    if not target.startswith(b"/"):
        target = _origin_form(target)
    path, _, query = target.partition(b"?")
    if b"%" in path:
        if _BAD_ESCAPE.search(path):
            raise BadTarget("invalid URL escape")
        path = unquote_to_bytes(path)
    return path.decode("utf-8", "replace"), query.decode("latin-1")


def _origin_form(target: bytes) -> bytes:
    scheme, separator, _ = target.partition(b"://")
    if target == b"*":
        return target
    if not separator or not scheme.isalnum():
        raise BadTarget("invalid URI for request")
    return origin_form(target)


def is_token(text: bytes) -> bool:
    return _TOKEN.fullmatch(text) is not None


def has_body(status: int, method: str) -> bool:
    return method != "HEAD" and status not in _WITHOUT_BODY and status >= 200


def head(status: int, headers: Headers, framing: bytes) -> bytes:
    """Status line and headers with `framing` (complete header lines) at the end, and the empty line.

    A line break inside a header cannot split the answer: it becomes a space, as in net/http.
    """
    line, text = _STATUS_LINES.get(status) or _unknown(status), _lines(headers)
    return b"".join((line, text, b"\r\n" if text else b"", date_line(), framing, b"\r\n"))


def whole(status: int, headers: Headers, framing: bytes, body: bytes) -> bytes:
    """`head` with the length of `body`, and `body`."""
    line, text = _STATUS_LINES.get(status) or _unknown(status), _lines(headers)
    date = _date[1] if _date[0] == int(time.time()) else date_line()
    return b"%b%b\r\n%b%bcontent-length: %d\r\n\r\n%b" % (line, text, date, framing, len(body), body)


def _unknown(status: int) -> bytes:
    return b"HTTP/1.1 %d status code %d\r\n" % (status, status)


def _lines(headers: Headers) -> bytes:
    """The headers without the last line break."""
    text = b"\r\n".join(map(b": ".join, headers))
    breaks = len(headers) - 1
    if text.count(b"\n") != breaks or text.count(b"\r") != breaks:
        text = b"\r\n".join(b"%b: %b" % (_one_line(k), _one_line(v)) for k, v in headers)
    return text


def _one_line(value: bytes) -> bytes:
    return value.replace(b"\r", b" ").replace(b"\n", b" ")


_date: tuple[int, bytes] = (0, b"")


def date_line() -> bytes:
    """The Date header line, made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        stamp = time.gmtime(now)
        day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[stamp.tm_wday]
        month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[stamp.tm_mon - 1]
        text = (f"date: {day}, {stamp.tm_mday:02} {month} {stamp.tm_year} "
                f"{stamp.tm_hour:02}:{stamp.tm_min:02}:{stamp.tm_sec:02} GMT\r\n")
        _date = (now, text.encode())
    return _date[1]


def refusal(status: int, text: str) -> bytes:
    """net/http's whole answer to what is not a proper request; the connection is closed after it."""
    line = _STATUS_LINES[status].rstrip()
    body = text.encode() if status == 501 else line.removeprefix(b"HTTP/1.1 ") + text.encode()
    return line + b"\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + body
