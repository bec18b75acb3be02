"""What a control plane shows at /metrics: all that kube-apiserver v1.36.2 does, as far as it applies, in valid text.

`metrics.txt` lists name and type. Not in it is what docs/deviations.md says is not shown.
"""

import math
import re
from itertools import groupby
from pathlib import Path

from tests.controlplane.test_service_repair import make_service, run

# what a server imports when it listens, or later
import pilothouse.apiextensions.metrics
import pilothouse.apimachinery.webhook.caller
import pilothouse.transport.server  # noqa: F401
from pilothouse.observability.metrics import REGISTRY
from pilothouse.server.loopback import LoopbackClient

UPSTREAM = dict(line.split() for line in Path(__file__).with_name("metrics.txt").read_text().splitlines())
SAMPLE = re.compile(r'([a-zA-Z_]\w*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (\S+)', re.ASCII)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count"), "counter": ("",),
            "gauge": ("",)}  # fmt: skip
Labels = tuple[tuple[str, str], ...]


def check(text: str) -> None:
    """Every family once, with all of its samples; buckets that grow up to the count."""
    families: dict[str, str] = {}
    seen: set[tuple[str, Labels]] = set()
    counts: dict[tuple[str, Labels], float] = {}
    buckets: list[tuple[tuple[str, Labels], float, float]] = []
    name = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in families, name
        elif line.startswith("# TYPE "):
            _, _, typed, type = line.split()
            assert typed == name
            families[name] = type
        else:
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            labels: Labels = tuple(LABEL.findall(found[2] or ""))
            assert len(dict(labels)) == len(labels), line
            assert found[1].removeprefix(name) in SUFFIXES[families[name]], line
            assert (found[1], labels) not in seen, line
            seen.add((found[1], labels))
            value = float(found[3])
            if found[1] == f"{name}_count":
                counts[name, labels] = value
            elif families[name] == "histogram" and found[1] == f"{name}_bucket":
                assert labels[-1][0] == "le", line
                buckets.append(((name, labels[:-1]), float(labels[-1][1]), value))
    for series, group in groupby(buckets, key=lambda bucket: bucket[0]):
        bounds, values = zip(*((bound, value) for _, bound, value in group), strict=True)
        assert list(bounds) == sorted(set(bounds)), series
        assert list(values) == sorted(values), series
        assert (bounds[-1], values[-1]) == (math.inf, counts[series]), series


def test_all_metrics_that_apply_are_there_and_the_text_is_valid(tmp_path: Path) -> None:
    async def test(client: LoopbackClient) -> None:
        await make_service(client, "10.0.0.9")
        await client.list("", "v1", "services")
        text = REGISTRY.render().decode()
        check(text)
        types = REGISTRY.types()
        assert {name: types.get(name) for name in UPSTREAM} == UPSTREAM
        shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        assert len(shown & UPSTREAM.keys()) > 100
        REGISTRY.reset()
        check(REGISTRY.render().decode())

    run(test, tmp_path)
