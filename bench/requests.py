"""Single objects: GET, CREATE, merge PATCH of ConfigMaps."""

import json
from collections.abc import Iterator

from bench.report import Result
from bench.setting import PAYLOAD, Setting, config_map

_PATH = "/api/v1/namespaces/requests/configmaps"
_PATCHED = 256
_GETS, _CREATES, _PATCHES = (1, 16, 64), (1, 64), (1, 64)
NAMES = tuple(f"{verb}, {n} connections" for verb, counts in (
    ("GET", _GETS), ("CREATE", _CREATES), ("PATCH", _PATCHES),
) for n in counts)


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        server.make("requests", [config_map(f"patched-{n}") for n in range(_PATCHED)])
        for n in _GETS:
            if setting.wanted(name := f"GET, {n} connections"):
                yield setting.measure(name, n, lambda _, n=n: server.load(f"{_PATH}/patched-0", n, setting.seconds))
        for n in _CREATES:
            if setting.wanted(name := f"CREATE, {n} connections"):
                yield setting.measure(name, n, lambda turn, n=n: server.load(
                    _PATH, n, setting.seconds, "create", f"new-{n}-{turn}", json.dumps(PAYLOAD),
                ))
        for n in _PATCHES:
            if setting.wanted(name := f"PATCH, {n} connections"):
                yield setting.measure(name, n, lambda _, n=n: server.load(
                    _PATH, n, setting.seconds, "patch", _PATH, str(_PATCHED),
                ))
