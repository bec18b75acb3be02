"""Pages about the process: /statusz, /flagz, /debug/flags/."""

import asyncio
import io

import orjson
import pytest

from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import Logger
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.routes.debug_flags import install_debug_flags
from pilothouse.server.routes.zpages import install_flagz, install_statusz


def ask(mux: PathRecorderMux, path: str, accept: str = "", method: str = "GET", body: bytes = b"") -> Response:
    async def run() -> Response:
        return await mux.serve(Request(method, path, headers=[(b"accept", accept.encode())], body=body))

    return asyncio.run(run())


@pytest.fixture
def mux() -> PathRecorderMux:
    mux = PathRecorderMux("test")
    paths = ["/api/v1", "/apis/apps", "/healthz", "/healthz/ping", "/metrics", "/version"]
    install_statusz(mux, "kube-apiserver", "1.36.2", lambda: paths, lambda: 4e9)
    install_flagz(mux, "kube-apiserver", {"v": "2", "secure-port": "6443"})
    return mux


@pytest.mark.parametrize("accept", ["", "text/plain", "*/*", "application/json, */*"])
def test_text(mux: PathRecorderMux, accept: str) -> None:
    page = ask(mux, "/statusz", accept).body.decode()
    assert page.startswith("\nkube-apiserver statusz\nWarning: This endpoint is not meant to be machine parseable")
    assert "\nBinary version: 1.36.2\nEmulation version: 1.36\nPaths: /healthz /metrics /version\n" in page
    assert ask(mux, "/flagz", accept).body.decode().endswith("\n\nsecure-port=6443\nv=2\n")


def test_structured(mux: PathRecorderMux) -> None:
    response = ask(mux, "/statusz", "application/json;v=v1beta1;g=config.k8s.io;as=Statusz")
    body = orjson.loads(response.body)
    assert (body["kind"], body["apiVersion"], body["metadata"]) == (
        "Statusz", "config.k8s.io/v1beta1", {"name": "kube-apiserver"})
    assert body["paths"] == ["/healthz", "/metrics", "/version"]
    old = ask(mux, "/flagz", "application/json;as=Flagz;g=config.k8s.io;v=v1alpha1")
    assert orjson.loads(old.body)["flags"] == {"secure-port": "6443", "v": "2"}
    assert dict(old.headers)[b"warning"].startswith(b'299 - "This version of the flagz endpoint is deprecated.')


@pytest.mark.parametrize(
    "accept", ["application/json", "application/xml", "application/json;v=v2;g=config.k8s.io;as=Statusz"]
)
def test_other_media_types_are_refused(mux: PathRecorderMux, accept: str) -> None:
    with pytest.raises(StatusError) as caught:
        ask(mux, "/statusz", accept)
    assert caught.value.code == 406


def test_verbosity_is_set_at_run_time() -> None:
    mux, target = PathRecorderMux("test"), Logger(io.StringIO())
    install_debug_flags(mux, target)
    response = ask(mux, "/debug/flags/v", method="PUT", body=b"4")
    assert (response.status, response.body) == (200, b"successfully set klog.logging.verbosity to 4\n")
    assert target.v(4)
    refused = ask(mux, "/debug/flags/v", method="PUT", body=b"-1")
    assert (refused.status, refused.body) == (400, b'strconv.ParseUint: parsing "-1": invalid syntax\n')
    assert ask(mux, "/debug/flags/v", method="PUT", body=b"99999999999").status == 400
    assert ask(mux, "/debug/flags/v").status == 406
    assert b"full flags configurable" in ask(mux, "/debug/flags/").body
    assert mux.listed_paths() == []
