"""Lists of many ConfigMaps, and the memory that they take."""

import time
from collections.abc import Iterator

from bench.report import Result
from bench.setting import Failed, Server, Setting, config_map
from bench.wrk import Load

_FEW, _ALL = 5_000, 30_000
_CONNECTIONS = 4
NAMES = ("memory, 30,000 ConfigMaps", "LIST 5,000", "LIST 30,000", "LIST selected of 30,000", "LIST page of 500")


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        idle = server.resident_megabytes()
        _fill(server)
        time.sleep(2)
        if setting.wanted(NAMES[0]):
            text = f"{idle:.0f} MB without them"
            yield Result(NAMES[0], server.resident_megabytes(), "MB", note=text)
        few = "/api/v1/namespaces/few/configmaps"
        paths = (few, "/api/v1/configmaps", "/api/v1/configmaps?labelSelector=group%3Dg7", few + "?limit=500")
        counts = (_FEW, None, _ALL // 100, 500)
        for name, path, count in zip(NAMES[1:], paths, counts, strict=True):
            if setting.wanted(name):
                yield _list(setting, server, name, path, count)


def _fill(server: Server) -> None:
    server.make("few", [config_map(f"map-{n}", {"group": f"g{n % 100}"}) for n in range(_FEW)])
    server.make("many", [config_map(f"map-{n}", {"group": f"g{n % 100}"}) for n in range(_FEW, _ALL)])


def _list(setting: Setting, server: Server, name: str, path: str, count: int | None) -> Result:
    found = len(server.read(path)["items"])
    # Besides ours, every namespace may hold the ConfigMap with the root CA.
    if not (count <= found <= count + 1 if count is not None else found >= _ALL):
        raise Failed(f"{name} answers {found} items")

    def note(load: Load) -> str:
        return f"{load.bytes / load.seconds / 1e6:,.0f} MB/s, p50 {load.p50_ms:.1f} ms"

    return setting.measure(
        name, _CONNECTIONS, lambda _: server.load(path, _CONNECTIONS, setting.seconds), note=note,
    )
