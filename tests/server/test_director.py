"""Who gets which path, after the recorded answers of kube-apiserver to unknown paths."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from pilothouse.apimachinery.http import Handler, Request, Response, StreamResponse
from pilothouse.apimachinery.requestinfo import resolve
from pilothouse.observability.metrics import Registry
from pilothouse.server.director import Director, instrument, not_found_handler
from pilothouse.server.metrics import ServerMetrics
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import generic_status, render_status
from pilothouse.server.webservice import web_service


class Group:
    """A group version with one resource, "things"."""

    def __init__(self, name: str) -> None:
        self.name = name

    def serves(self, resource: str, subresource: str) -> bool:
        return resource == "things" and not subresource

    async def handle(self, request: Request) -> Response:
        info = request.context.request_info
        if info.is_resource_request and info.resource != "things":
            raise generic_status(404)
        if request.method == "BOOM":
            raise RuntimeError("boom")
        return Response(200, self.name.encode())


def text(body: str) -> Handler:
    async def serve(request: Request) -> Response:
        return Response(200, body.encode())

    return serve


class Servers:
    """kube-apiserver before apiextensions."""

    def __init__(self) -> None:
        self.metrics = ServerMetrics(Registry())
        self.inner = Director(
            PathRecorderMux("inner", not_found_handler(render_status)), self.metrics, render_status
        )
        self.inner.install_group("apis", "apiextensions.k8s.io", "v1", Group("crds"))
        self.outer = Director(
            PathRecorderMux("outer", self.inner.mux.serve), self.metrics, render_status, self.inner
        )
        self.outer.install_group("api", "", "v1", Group("core"))
        self.outer.install_group("apis", "apps", "v1", Group("apps"))
        self.outer.install_service("/api", web_service(text("versions")))
        self.outer.install_service("/apis", web_service(text("groups")))
        self.outer.install_service("/apis/apps", web_service(text("group apps")))

    def serve(self, path: str, method: str = "GET", *, incomplete: bool = False) -> Response:
        request = Request(method, path)
        request.context.request_info = resolve(request)
        request.context.mux_incomplete = incomplete

        async def run() -> Response:
            try:
                return await self.outer.serve(request)
            except Exception as error:
                from pilothouse.apimachinery.status import StatusError

                if isinstance(error, StatusError):
                    return render_status(request, error)
                raise

        return asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api", b"versions"), ("/api/", b"versions"), ("/apis", b"groups"), ("/apis/", b"groups"),
        ("/apis/apps", b"group apps"), ("/apis/apps/", b"group apps"), ("/apis/apps/v1", b"apps"),
        ("/apis/apps/v1/", b"apps"), ("/api/v1", b"core"), ("/api/v1/", b"core"),
        ("/api/v1/namespaces/a/things/b", b"core"), ("/apis/apps/v1/things", b"apps"),
        ("/api/v1/watch/things", b"core"), ("/apis/apiextensions.k8s.io/v1/things", b"crds"),
    ],
)
def test_owners(path: str, body: bytes) -> None:
    assert Servers().serve(path).body == body


@pytest.mark.parametrize(
    "path", ["/api/v2", "/api/v1/nosuch", "/apis/apps/v2", "/apis/apps/v2/deployments", "/apis/apps/v1/nosuch"]
)
def test_below_a_known_root_unknown_paths_are_a_status(path: str) -> None:
    response = Servers().serve(path)
    assert response.status == 404
    assert orjson.loads(response.body) == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "the server could not find the requested resource", "reason": "NotFound", "details": {},
        "code": 404,
    }


@pytest.mark.parametrize(
    "path", ["/apis/nosuch.example.com", "/apis/nosuch.example.com/v1/things", "/nosuch", "//api/v1", "/apiv1", "/"]
)
def test_elsewhere_unknown_paths_are_plain(path: str) -> None:
    response = Servers().serve(path)
    assert (response.status, response.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize("path", ["/no" + "/a" * 999, "/apis/nosuch.example.com" + "/" * 999, "/api" + "/a" * 999])
def test_long_paths_are_not_gone_through_segment_by_segment(path: str) -> None:
    class Counting(dict[str, Handler]):
        looks = 0

        def __contains__(self, key: object) -> bool:
            self.looks += 1
            return super().__contains__(key)

    servers = Servers()
    counted = servers.outer._services = Counting(servers.outer._services)
    assert servers.serve(path).status == 404
    assert counted.looks < 5


def test_before_all_paths_are_known_the_answer_is_503() -> None:
    response = Servers().serve("/apis/later.example.com/v1", incomplete=True)
    assert response.status == 503
    assert dict(response.headers)[b"retry-after"] == b"5"
    assert orjson.loads(response.body)["message"] == (
        "the request has been made before all known HTTP paths have been installed, please try again"
    )


def test_groups_come_and_go() -> None:
    servers = Servers()
    servers.outer.install_group("apis", "example.com", "v1", Group("mine"))
    assert servers.serve("/apis/example.com/v1/things").body == b"mine"
    with pytest.raises(ValueError, match="registered twice"):
        servers.outer.install_group("apis", "example.com", "v1", Group("yours"))
    servers.outer.remove_group("apis", "example.com", "v1")
    assert servers.serve("/apis/example.com/v1/things").status == 404
    servers.outer.remove_service("/apis/apps")
    assert servers.serve("/apis/apps").body == b"404 page not found\n"


def test_requests_are_counted_by_their_labels() -> None:
    servers = Servers()
    for method, path in (
        ("GET", "/api/v1/namespaces/a/things"), ("GET", "/api/v1/namespaces/a/things/b"),
        ("GET", "/api/v1/namespaces/a/things/c"), ("DELETE", "/api/v1/things"), ("GET", "/api/v1/made-up"),
    ):
        servers.serve(path, method)
    with pytest.raises(RuntimeError):
        servers.serve("/api/v1/namespaces/a/things/b", "BOOM")
    rest = 'subresource="",verb="{}",version="v1"}} {}\n'
    lines = servers.metrics.registry.render().decode()
    total = 'apiserver_request_total{code="%d",component="apiserver",dry_run="",group="",resource="things",scope="%s",'
    assert total % (200, "namespace") + rest.format("LIST", 1) in lines
    assert total % (200, "resource") + rest.format("GET", 2) in lines
    assert total % (200, "cluster") + rest.format("DELETE", 1) in lines
    assert total % (500, "resource") + rest.format("other", 1) in lines
    assert "made-up" not in lines


def test_a_watch_counts_when_it_ends() -> None:
    registry = Registry()
    times = iter((5.0, 9.0))

    async def handle(request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"{}\n"

        return StreamResponse(events())

    async def run() -> None:
        request = Request("GET", "/api/v1/things", "watch=1")
        request.context.request_info = resolve(request)
        serve = instrument(handle, ServerMetrics(registry), render_status, clock=lambda: next(times))
        response = await serve(request)
        assert isinstance(response, StreamResponse)
        gauge = 'apiserver_longrunning_requests{component="apiserver",group="",resource="things",scope="cluster",'
        gauge += 'subresource="",verb="WATCH",version="v1"} '
        assert f"{gauge}1\n" in registry.render().decode()
        assert "apiserver_request_total{" not in registry.render().decode()
        assert [chunk async for chunk in response.stream] == [b"{}\n"]
        text = registry.render().decode()
        assert f"{gauge}0\n" in text
        assert 'verb="WATCH",version="v1"} 1\n' in text
        assert "apiserver_request_duration_seconds_sum{" in text

    asyncio.run(run())


def test_dry_runs_and_watches_have_series_of_their_own() -> None:
    metrics = ServerMetrics(Registry())
    for query in ("", "dryRun=All", "watch=1", ""):
        request = Request("GET", "/api/v1/namespaces/a/things/b", query)
        request.context.request_info = resolve(request)
        metrics.record(request, 200, 2, 0.1)
    text = metrics.registry.render().decode()
    assert 'dry_run="",group="",resource="things",scope="resource",subresource="",verb="GET",version="v1"} 2' in text
    assert 'dry_run="All",group="",resource="things",scope="resource",subresource="",verb="GET",version="v1"} 1' in text
    assert 'dry_run="",group="",resource="things",scope="resource",subresource="",verb="WATCH",version="v1"} 1' in text
