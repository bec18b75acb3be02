"""/debug/pprof/: what the process is doing (upstream: server/routes/profiling.go, net/http/pprof).

The names are Go's; the contents are Python's, as text. Whoever may read these paths may see a lot:
authorization is all that guards them, as upstream.
"""

import asyncio
import html
import sys
from collections.abc import Callable

from pilothouse.apimachinery.http import Request, Response
from pilothouse.observability import profiles
from pilothouse.server.mux import PathRecorderMux
from pilothouse.server.responses import NOSNIFF, text, text_error

ROOT = "/debug/pprof/"
_DEFAULT_SECONDS = 30
_LIMIT_SECONDS = 300

_PROFILES: dict[str, tuple[str, Callable[[], str]]] = {
    "goroutine": ("Stacks of all tasks of the event loop and of all threads", profiles.tasks_and_threads),
    "heap": ("Live objects by type; with tracemalloc running also by the line that made them", profiles.heap),
    "threadcreate": ("Stacks of all threads", profiles.threads),
}
_COMMANDS = {
    "cmdline": "The command line",
    "profile": "CPU profile by sampling: folded stacks with counts; ?seconds= says how long (default 30)",
}


def install_profiling(mux: PathRecorderMux) -> None:
    mux.handle(ROOT.rstrip("/"), _redirect, listed=False)
    mux.handle_prefix(ROOT, _index, listed=False)
    mux.handle(f"{ROOT}profile", _profile, listed=False)
    mux.handle(f"{ROOT}cmdline", _cmdline, listed=False)


async def _redirect(request: Request) -> Response:
    body = f'<a href="{ROOT}">Found</a>.\n\n'.encode() if request.method == "GET" else b""
    return Response(302, body, [(b"content-type", b"text/html; charset=utf-8"), (b"location", ROOT.encode())])


async def _index(request: Request) -> Response:
    name = request.path.removeprefix(ROOT)
    if name:
        if name not in _PROFILES:
            return text_error(404, "Unknown profile")
        return text(_PROFILES[name][1](), headers=[NOSNIFF])
    rows = {name: about for name, (about, _) in _PROFILES.items()} | _COMMANDS
    items = "".join(
        f'<li><a href="{name}">{name}</a>: {html.escape(about)}</li>\n' for name, about in sorted(rows.items())
    )
    page = f"<html>\n<head><title>{ROOT}</title></head>\n<body>\n{ROOT}\n<ul>\n{items}</ul>\n</body>\n</html>\n"
    return Response(200, page.encode(), [(b"content-type", b"text/html; charset=utf-8"), NOSNIFF])


async def _cmdline(request: Request) -> Response:
    return text("\x00".join(sys.argv), headers=[NOSNIFF])


async def _profile(request: Request) -> Response:
    given = request.query_value("seconds") or ""
    seconds = min(int(given), _LIMIT_SECONDS) if given.isdigit() and int(given) else _DEFAULT_SECONDS
    sampler = profiles.Sampler()
    sampler.start()
    try:
        await asyncio.sleep(seconds)
    finally:
        sampler.stop()
    return text(sampler.folded(), headers=[NOSNIFF])
