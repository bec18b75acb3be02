import base64

import pytest

from pilothouse.apimachinery.pem import blocks, signing_request


def block(data: bytes, kind: str = "CERTIFICATE REQUEST", head: str = "") -> bytes:
    return f"-----BEGIN {kind}-----\n{head}{base64.b64encode(data).decode()}\n-----END {kind}-----\n".encode()


def found(pem: bytes) -> list[tuple[str, bool, bytes]]:
    return [(one.kind, one.has_headers, one.data) for one in blocks(pem)]


GOOD = ("CERTIFICATE REQUEST", False, b"good")


@pytest.mark.parametrize(("pem", "expected"), [
    (block(b"good"), [GOOD]),
    (b"words\n" + block(b"good") + b"more" + b"\n" + block(b"x", "X"), [GOOD, ("X", False, b"x")]),
    (block(b"good", head="A: b\nC: d\n\n"), [("CERTIFICATE REQUEST", True, b"good")]),
    (block(b"good").replace(b"\n", b"\r\n"), [GOOD]),
    (block(b"good").replace(b"-----\n", b"----- \t\n"), [GOOD]),
    (b"-----BEGIN X-----\n-----END X-----", [("X", False, b"")]),
    (block(b"good").replace(b"Z2", b"Z 2"), [GOOD]),
    # a block begins at the begin of a line, and its last line says nothing else
    (b"x" + block(b"good"), []),
    (block(b"good").replace(b"END CERTIFICATE REQUEST-----", b"END CERTIFICATE REQUEST-----x"), []),
    # what cannot be read does not count, and does not hide what follows
    (block(b"bad").replace(b"YmFk", b"YmF%") + block(b"good"), [GOOD]),
    (block(b"bad").replace(b"END CERTIFICATE REQUEST", b"END OTHER") + block(b"good"), [GOOD]),
    (b"-----BEGIN X\n" + block(b"good"), [GOOD]),
    (b"-----BEGIN X-----\nA: b", []),
    (b"-----BEGIN X-----\nA: b\n-----END X-----", []),
    (b"-----BEGIN X-----\n-----END X:-----\n" + block(b"good"), []),
    (b"", []),
])
def test_blocks(pem: bytes, expected: list[tuple[str, bool, bytes]]) -> None:
    assert found(pem) == expected


def test_the_first_block_is_the_request() -> None:
    assert signing_request(b"x" + block(b"hidden") + block(b"good")) == b"good"
    for pem in (b"", block(b"x", "X") + block(b"good"), block(b"x", "NEW CERTIFICATE REQUEST")):
        with pytest.raises(ValueError, match=r"^PEM block type must be CERTIFICATE REQUEST$"):
            signing_request(pem)


@pytest.mark.parametrize("pem", [
    b"-----BEGIN X-----\n" * 100_000, b"-----BEGIN A:-----\n" * 100_000 + b"x\n-----END X-----",
    b"-----BEGIN X-----\n" * 100_000 + b"-----END Y-----", b"-----BEGIN X-----\nA\n-----END Y-----\n" * 50_000,
])
def test_many_begins_take_no_time(pem: bytes) -> None:
    assert found(pem) == []
