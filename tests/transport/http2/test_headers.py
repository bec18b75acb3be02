"""Header blocks to heads and back."""

import pytest

from pilothouse.apimachinery.http import Response
from pilothouse.transport import wire
from pilothouse.transport.http2.headers import answer_fields, read_head

PSEUDO = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/a%20b?x=%20")]


def test_a_head() -> None:
    head = read_head([*PSEUDO, (b":authority", b"h:1"), (b"accept", b"*/*")])
    assert head == ("GET", "/a b", "x=%20", [(b"host", b"h:1"), (b"accept", b"*/*")])


def test_the_authority_counts_before_host() -> None:
    assert read_head([*PSEUDO, (b":authority", b"h:1"), (b"host", b"evil")]).headers == [(b"host", b"h:1")]
    assert read_head([*PSEUDO, (b"host", b"h:2")]).headers == [(b"host", b"h:2")]


def test_cookies_are_joined() -> None:
    head = read_head([*PSEUDO, (b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2")])
    assert head.headers == [(b"x", b"y"), (b"cookie", b"a=1; b=2")]


@pytest.mark.parametrize("target", [b"", b"bad", b"/%zz"])
def test_bad_targets(target: bytes) -> None:
    with pytest.raises(wire.BadTarget):
        read_head([(b":method", b"GET"), (b":scheme", b"https"), (b":path", target)])


def test_connect_has_no_path() -> None:
    with pytest.raises(wire.BadTarget):
        read_head([(b":method", b"CONNECT"), (b":authority", b"h:1")])


def test_an_answer_without_what_belongs_to_connections() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"connection", b"close"), (b"x", b"a\r\nb\0c")]
    fields, closes = answer_fields(Response(201, b"abc", headers), 3)
    assert closes
    assert [field for field in fields if field[0] != b"date"] == [
        (b":status", b"201"), (b"x", b"a  b c"), (b"content-length", b"3"),
    ]
    fields, closes = answer_fields(Response(200, b"", [(b"connection", b"keep-alive")]), None)
    assert not closes
    assert [name for name, _ in fields] == [b":status", b"date"]
