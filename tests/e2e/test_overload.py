"""Twice the load that fits: whoever has a higher priority must hardly notice it, and nobody is left hanging."""

import contextlib
import http.client
import json
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

_CLIENTS = Path(__file__).parent / "greedy_clients.py"
_ROUNDS, _SAMPLES, _SECONDS = 5, 200, 4.0
_OBJECT = "/api/v1/namespaces/default/configmaps/asked"
_SETTING = """
apiVersion: v1
kind: ConfigMap
metadata: {name: asked}
data: {text: "%s"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: readers}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: important}
spec: {type: Limited, limited: {nominalConcurrencyShares: 100, limitResponse: {type: Queue, queuing: {}}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: important}
spec:
  priorityLevelConfiguration: {name: important}
  matchingPrecedence: 100
  rules:
  - subjects: [{kind: User, user: {name: modest}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"]}]
""" % ("x" * 500)


@contextlib.contextmanager
def greedy(server: TestServer, path: str, clients: int) -> Iterator[dict[str, int]]:
    """`clients` at work; the dict is filled with the counts of their answers when they are done."""
    counts: dict[str, int] = {}
    command = [sys.executable, str(_CLIENTS), str(server.port), str(server.ca_file), "greedy-token", path, str(clients)]
    process = subprocess.Popen([*command, str(_SECONDS)], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(0.7)
        yield counts
    finally:
        counts |= json.loads(process.communicate()[0])


class Modest:
    """A client that asks now and then, over one connection."""

    def __init__(self, server: TestServer) -> None:
        tls = ssl.create_default_context(cafile=str(server.ca_file))
        self._connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=tls)

    def close(self) -> None:
        self._connection.close()

    def latency(self) -> float:
        """The median, in seconds."""
        return statistics.median(self._ask() for _ in range(_SAMPLES))

    def _ask(self) -> float:
        time.sleep(0.005)
        began = time.perf_counter()
        self._connection.request("GET", _OBJECT, headers={"Authorization": "Bearer modest-token"})
        with self._connection.getresponse() as answer:
            answer.read()
            assert answer.status == 200
        return time.perf_counter() - began


def _seats(kubectl: Kubectl, level: str) -> int:
    """How many requests of a level fit."""
    lead = f'apiserver_flowcontrol_current_limit_seats{{priority_level="{level}"}} '
    metrics = kubectl("get", "--raw", "/metrics")
    return int(next(line[len(lead):] for line in metrics.splitlines() if line.startswith(lead)))


@pytest.mark.slow
@pytest.mark.parametrize("path", [_OBJECT, "/api/v1/namespaces/default/configmaps"])
def test_a_higher_priority_keeps_its_latency(path: str, tmp_path: Path) -> None:
    tokens = ("admin-token,admin,1,system:masters", "modest-token,modest,2,readers", "greedy-token,greedy,3,readers")
    with TestServer(["--max-requests-inflight=200", "--max-mutating-requests-inflight=50"], tokens=tokens) as server:
        kubectl = Kubectl(server, "default", tmp_path)
        kubectl("apply", "-f", "-", stdin=_SETTING)
        fits = _seats(kubectl, "global-default")
        idle, loaded = [], []
        with contextlib.closing(Modest(server)) as modest:
            modest.latency()
            for _ in range(_ROUNDS):
                idle.append(modest.latency())
                with greedy(server, path, 2 * fits) as counts:
                    loaded.append(modest.latency())
                assert set(counts) <= {"200", "429"}, counts
                assert counts["200"] > 100
        ratio = statistics.median(loaded) / statistics.median(idle)
        assert ratio <= 2, f"{ratio:.2f} times as long under load: {loaded} instead of {idle} s, {fits} seats"
