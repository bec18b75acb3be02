"""Single objects: GET, CREATE, merge PATCH of ConfigMaps."""

import json
from collections.abc import Iterator

from bench.report import Result
from bench.setting import PAYLOAD, Loader, Server, Setting, config_map
from bench.wrk import Load

_PATH = "/api/v1/namespaces/requests/configmaps"
_PATCHED = 256
_COUNTS = {"GET": (1, 16, 64), "CREATE": (1, 64), "PATCH": (1, 64)}
_CPU_OF_GET = "CPU, GET"
NAMES = (*(f"{verb}, {n} connections" for verb, counts in _COUNTS.items() for n in counts), _CPU_OF_GET)


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        server.make("requests", [config_map(f"patched-{n}") for n in range(_PATCHED)])
        for verb, counts in _COUNTS.items():
            for n in counts:
                if setting.wanted(name := f"{verb}, {n} connections"):
                    yield setting.measure(name, n, _loader(setting, server, verb, n))
        if setting.wanted(_CPU_OF_GET):
            yield setting.measure_cpu(_CPU_OF_GET, 64, _loader(setting, server, "GET", 64))


def _loader(setting: Setting, server: Server, verb: str, connections: int) -> Loader:
    def load(turn: int) -> Load:
        match verb:
            case "CREATE":
                arguments = [f"new-{connections}-{turn}", json.dumps(PAYLOAD)]
                return server.load(_PATH, connections, setting.seconds, "create", *arguments)
            case "PATCH":
                return server.load(_PATH, connections, setting.seconds, "patch", _PATH, str(_PATCHED))
        return server.load(f"{_PATH}/patched-0", connections, setting.seconds)

    return load
