import asyncio
import io

from pilothouse.apimachinery.http import Request, Response
from pilothouse.observability.logging import Logger
from pilothouse.observability.metrics import Registry
from pilothouse.server.healthz import Check, HealthRegistry, delayed, log_check, ping, shutdown_check
from pilothouse.server.lifecycle import Signal
from pilothouse.server.mux import PathRecorderMux


def install(*checks: Check, ready: list[int] | None = None, logger: Logger | None = None) -> PathRecorderMux:
    registry = HealthRegistry("readyz", Registry(), logger or Logger(io.StringIO()))
    for check in checks:
        registry.add(check)
    mux = PathRecorderMux("test")
    registry.install(mux, None if ready is None else lambda: ready.append(1))
    return mux


def get(mux: PathRecorderMux, url: str, method: str = "GET") -> Response:
    path, _, query = url.partition("?")

    async def run() -> Response:
        return await mux.serve(Request(method, path, query))

    return asyncio.run(run())


def test_all_is_well() -> None:
    ready: list[int] = []
    mux = install(ping(), Check("etcd"), ready=ready)
    response = get(mux, "/readyz")
    assert (response.status, response.body, ready) == (200, b"ok", [1])
    assert response.headers == [
        (b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"),
    ]
    assert get(mux, "/readyz?verbose").body == b"[+]ping ok\n[+]etcd ok\nreadyz check passed\n"
    assert get(mux, "/readyz", "POST").body == b"ok"


def test_excluded_checks() -> None:
    mux = install(ping(), Check("etcd", lambda: "down"))
    assert get(mux, "/readyz?exclude=etcd").body == b"ok"
    assert get(mux, "/readyz?verbose&exclude=etcd&exclude=nosuch&exclude=other").body == (
        b"[+]ping ok\n[+]etcd excluded: ok\n"
        b'warn: some health checks cannot be excluded: no matches for "nosuch","other"\n'
        b"readyz check passed\n"
    )


def test_a_failure_is_always_verbose_and_withholds_the_reason() -> None:
    stream = io.StringIO()
    target = Logger(stream)
    target.configure(verbosity=2)
    ready: list[int] = []
    mux = install(ping(), Check("etcd", lambda: "disk is full"), ready=ready, logger=target)
    response = get(mux, "/readyz")
    assert response.status == 500
    assert response.body == b"[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"
    assert ready == []
    target.writer.flush()
    assert "etcd check failed: readyz\n[-]etcd failed: disk is full\n" in stream.getvalue()


def test_single_checks() -> None:
    mux = install(ping(), Check("etcd", lambda: "disk is full"))
    assert (get(mux, "/readyz/ping?verbose").body, get(mux, "/readyz/nosuch").status) == (b"ok", 404)
    response = get(mux, "/readyz/etcd")
    assert (response.status, response.body) == (500, b"internal server error: disk is full\n")
    assert mux.listed_paths() == ["/readyz", "/readyz/etcd", "/readyz/ping"]


def test_a_check_of_the_same_name_is_left_out() -> None:
    mux = install(ping(), ping())
    assert get(mux, "/readyz?verbose").body == b"[+]ping ok\nreadyz check passed\n"


def test_shutdown_turns_it_red() -> None:
    signal = Signal("ShutdownInitiated")
    check = shutdown_check(signal)
    assert check.check() is None
    signal.signal()
    assert check.check() == "process is shutting down"


def test_grace_period() -> None:
    now = [0.0]
    check = delayed(Check("hook", lambda: "not finished"), 10.0, lambda: now[0])
    assert check.check() is None
    now[0] = 10.5
    assert check.check() == "not finished"


def test_log_check_notices_a_blocked_log() -> None:
    target = Logger(io.StringIO())
    assert log_check(target).check() is None
    target.writer._lines.append("waiting\n")  # as a blocked standard error leaves it
    target.writer.last_written -= 200
    assert log_check(target).check() == "logging blocked"
    target.writer._lines.clear()


def test_results_are_counted() -> None:
    metrics = Registry()
    registry = HealthRegistry("livez", metrics, Logger(io.StringIO()))
    registry.add(Check("etcd", lambda: "down"))
    mux = PathRecorderMux("test")
    registry.install(mux)
    get(mux, "/livez")
    text = metrics.render().decode()
    assert 'kubernetes_healthcheck{name="etcd",type="livez"} 0' in text
    assert 'kubernetes_healthchecks_total{name="etcd",status="error",type="livez"} 1' in text
    assert registry.failing() == {"etcd": "down"}
