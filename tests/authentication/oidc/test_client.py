"""Documents over HTTPS, from a real server."""

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.issuer import StandInIssuer

from pilothouse.authentication.oidc.client import MAX_BYTES, Document, FetchError, HTTPClient


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[StandInIssuer]:
    with StandInIssuer(tmp_path) as running:
        yield running


def get(url: str, authority: str = "") -> Document:
    async def run() -> Document:
        client = HTTPClient(authority)
        try:
            return await client.get(url)
        finally:
            await client.close()

    return asyncio.run(run())


def test_answers(issuer: StandInIssuer) -> None:
    ca = issuer.ca.read_text()
    issuer.pages["/a"] = (200, {"Cache-Control": "max-age=5"}, b"x" * MAX_BYTES)
    issuer.pages["/moved"] = (302, {"Location": "/a"}, b"")
    for path in ("/a", "/moved"):
        found = get(issuer.url + path, ca)
        assert (found.code, found.status, len(found.body)) == (200, "200 OK", MAX_BYTES)
        assert found.headers["cache-control"] == "max-age=5"
        assert found.shown == "x" * 1024
    assert get(f"{issuer.url}/none", ca).status == "404 Not Found"


@pytest.mark.parametrize(("page", "error"), [
    ((200, {}, b"x" * (MAX_BYTES + 1)), f"the answer is larger than {MAX_BYTES} bytes"),
    ((302, {"Location": "/bad"}, b""), ""),
])
def test_answers_that_are_none(issuer: StandInIssuer, page: Any, error: str) -> None:
    issuer.pages["/bad"] = page
    with pytest.raises(FetchError) as raised:
        get(f"{issuer.url}/bad", issuer.ca.read_text())
    assert f'Get "{issuer.url}/bad": ' in str(raised.value)
    assert error in str(raised.value)


def test_what_is_packed_is_not_unpacked(issuer: StandInIssuer) -> None:
    bomb = gzip.compress(b"0" * (1 << 26))
    issuer.pages["/bomb"] = (200, {"Content-Encoding": "gzip"}, bomb)
    assert get(f"{issuer.url}/bomb", issuer.ca.read_text()).body == bomb


def test_a_server_that_nobody_vouches_for(issuer: StandInIssuer) -> None:
    with pytest.raises(FetchError, match="certificate"):
        get(f"{issuer.url}/keys")
    with pytest.raises(FetchError):
        get("https://127.0.0.1:1/keys", issuer.ca.read_text())


def test_proxies_of_the_environment(issuer: StandInIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "elsewhere.example")
    with pytest.raises(FetchError):
        get(f"{issuer.url}/keys", issuer.ca.read_text())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert get(f"{issuer.url}/keys", issuer.ca.read_text()).code == 200
