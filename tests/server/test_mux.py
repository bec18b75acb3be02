import asyncio

import pytest

from pilothouse.apimachinery.http import Handler, Request, Response
from pilothouse.server.mux import PathRecorderMux


def named(name: str) -> Handler:
    async def serve(request: Request) -> Response:
        return Response(200, name.encode())

    return serve


def get(mux: PathRecorderMux, path: str) -> Response:
    async def run() -> Response:
        return await mux.serve(Request("GET", path))

    return asyncio.run(run())


def test_exact_before_prefix_and_longest_prefix_first() -> None:
    mux = PathRecorderMux("test")
    mux.handle("/a", named("exact"))
    mux.handle_prefix("/a/", named("short"))
    mux.handle_prefix("/a/b/", named("long"))
    mux.handle("/a/b/c", named("exact below"))
    assert [get(mux, p).body for p in ("/a", "/a/x", "/a/b/x", "/a/b/c", "/a/b")] == [
        b"exact", b"short", b"long", b"exact below", b"short",
    ]


def test_unknown_paths_are_gos_404() -> None:
    mux = PathRecorderMux("test")
    mux.handle("/a", named("a"))
    for path in ("/b", "/a/", "//a", ""):
        response = get(mux, path)
        assert (response.status, response.body) == (404, b"404 page not found\n")
        assert (b"content-type", b"text/plain; charset=utf-8") in response.headers


def test_not_found_may_be_another_server() -> None:
    assert get(PathRecorderMux("test", named("delegate")), "/x").body == b"delegate"


def test_listed_paths_are_sorted_and_leave_out_the_unlisted() -> None:
    mux = PathRecorderMux("test")
    mux.handle("/b", named("b"))
    mux.handle_prefix("/a/", named("a"))
    mux.handle("/hidden", named("hidden"), listed=False)
    assert mux.listed_paths() == ["/a/", "/b"]
    mux.unregister("/a/")
    mux.unregister("/never")
    assert mux.listed_paths() == ["/b"]
    assert get(mux, "/a/x").status == 404


def test_two_owners_of_a_path_are_a_bug() -> None:
    mux = PathRecorderMux("test")
    mux.handle("/a", named("a"))
    mux.handle_prefix("/p/", named("p"))
    with pytest.raises(ValueError, match="registered twice"):
        mux.handle("/a", named("b"))
    with pytest.raises(ValueError, match="registered twice"):
        mux.handle_prefix("/p/", named("b"))
    with pytest.raises(ValueError, match="trailing slash"):
        mux.handle_prefix("/q", named("b"))
