"""Requests as the chain sees them."""

from pilothouse.apimachinery.http import Request


def test_the_first_of_repeated_headers_counts() -> None:
    request = Request("GET", "/", headers=[(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert request.header(b"a") == "1"
    assert request.header_values(b"a") == ["1", "3"]
    assert request.header(b"c") is None
    assert request.first_headers == {b"a": b"1", b"b": b"2"}


def test_headers_that_are_replaced() -> None:
    request = Request("GET", "/", headers=[(b"a", b"1")])
    assert request.header(b"a") == "1"
    request.headers = [(b"b", b"2")]
    assert request.header(b"a") is None
    assert request.header(b"b") == "2"
    request.headers += [(b"c", b"3")]
    assert request.first_headers == {b"b": b"2", b"c": b"3"}
