"""/statusz and /flagz: a component tells what it is (upstream: k8s.io/apiserver pkg/server/statusz, pkg/server/flagz).

As text for people, or as a versioned object for `Accept: application/json;v=v1beta1;g=config.k8s.io;as=Statusz`.
"""

import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Handler, Headers, Request, Response
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import json_response, text

GROUP = "config.k8s.io"
_DEPRECATED = "v1alpha1"
_VERSIONS = ("v1beta1", _DEPRECATED)
_HEADER = (
    "\n{name} {page}\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility"
    " guarantees and is for debugging purposes only.\n"
)
#: Folders of the index that hold no debugging pages.
_NOT_FOR_DEBUGGING = frozenset({"/apis", "/api", "/openid", "/openapi", "/.well-known"})
_START = time.time()


def install_statusz(
    mux: PathRecorderMux, component: str, version: str, listed_paths: Callable[[], list[str]],
    clock: Callable[[], float] = time.time,
) -> None:
    """`version` is the binary's, "1.36.2"; `clock` gives Unix seconds."""

    def fields() -> dict[str, Any]:
        return {
            "startTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_START)),
            "uptimeSeconds": max(0, int(clock() - _START)),
            "goVersion": f"python{platform.python_version()}",
            "binaryVersion": version,
            "emulationVersion": ".".join(version.split(".")[:2]),
            "paths": _folders(listed_paths()),
        }

    def page() -> str:
        now = fields()
        up = now["uptimeSeconds"]
        started = time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(_START))
        return (
            f"{_HEADER.format(name=component, page='statusz')}\n"
            f"Started: {started}\nUp: {up // 3600} hr {up // 60 % 60:02d} min {up % 60:02d} sec\n"
            f"Go version: {now['goVersion']}\nBinary version: {version}\n"
            f"Emulation version: {now['emulationVersion']}\nPaths: {' '.join(now['paths'])}\n"
        )

    mux.handle("/statusz", _serve("Statusz", component, fields, page))


def install_flagz(mux: PathRecorderMux, component: str, flags: Mapping[str, str]) -> None:
    """`flags` are names and values as shown to everybody who may read the page: no secrets."""

    def page() -> str:
        lines = "".join(f"{name}={value}\n" for name, value in sorted(flags.items()))
        return f"{_HEADER.format(name=component, page='flagz')}\n{lines}"

    mux.handle("/flagz", _serve("Flagz", component, lambda: {"flags": dict(sorted(flags.items()))}, page))


def _serve(kind: str, component: str, fields: Callable[[], dict[str, Any]], page: Callable[[], str]) -> Handler:
    async def serve(request: Request) -> Response:
        version = _negotiate(request, kind)
        if version is None:
            return text(page())
        body = {"kind": kind, "apiVersion": f"{GROUP}/{version}", "metadata": {"name": component}} | fields()
        headers: Headers = []
        if version == _DEPRECATED:
            warning = f"This version of the {kind.lower()} endpoint is deprecated. Please use a newer version."
            headers.append((b"warning", f'299 - "{warning}"'.encode()))
        return json_response(body, headers=headers)

    return serve


def _negotiate(request: Request, kind: str) -> str | None:
    """The version of the structured form that is asked for, None for text. Raises 406."""
    header = (request.header(b"accept") or "").strip()
    if not header:
        return None
    for clause in header.split(","):
        media_type, *parameters = (part.strip() for part in clause.split(";"))
        values = dict(part.partition("=")[::2] for part in parameters)
        target = (values.get("as"), values.get("g"))
        if media_type in ("text/plain", "text/*", "*/*") and target == (None, None):
            return None
        if media_type == "application/json" and target == (kind, GROUP) and values.get("v") in _VERSIONS:
            return values["v"]
    raise _not_acceptable()


def _not_acceptable() -> StatusError:
    return StatusError(
        406, status.REASON_NOT_ACCEPTABLE,
        "only the following media types are accepted: application/json, text/plain",
    )


def _folders(paths: list[str]) -> list[str]:
    folders = {"/" + path.split("/")[1] for path in paths if len(path) > 1}
    return sorted(folders - _NOT_FOR_DEBUGGING)
