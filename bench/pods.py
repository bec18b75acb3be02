"""Pods as people write them: CREATE, server-side apply; and what each kind of write costs the server in CPU."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.report import Result
from bench.setting import PAYLOAD, Server, Setting
from bench.wrk import Load

_CONNECTIONS = 64
_NAMESPACE = "pods"
_PODS = f"/api/v1/namespaces/{_NAMESPACE}/pods"
_MAPS = f"/api/v1/namespaces/{_NAMESPACE}/configmaps"
_APPLY = _PODS + "/%NAME%?fieldManager=bench&force=true"
_APPLIED = 256

#: Forty lines as YAML.
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "%NAME%", "labels": {"app": "bench", "count": "n%COUNT%"}},
    "spec": {
        "restartPolicy": "Always",
        "containers": [
            {
                "name": "web",
                "image": "registry.example.com/web:1.2.3",
                "args": ["--listen=:8080"],
                "env": [
                    {"name": "LEVEL", "value": "info"},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                ],
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "500m", "memory": "128Mi"},
                },
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
                "volumeMounts": [{"name": "settings", "mountPath": "/etc/web", "readOnly": True}],
            },
        ],
        "volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
    },
}
_CONFIG_MAP = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "%NAME%", "labels": {"app": "bench"}}}


@dataclass(frozen=True)
class Write:
    """One line's request; `names`: after how many the names come again (0: every object is new)."""

    name: str
    method: str
    content_type: str
    path: str
    body: dict[str, Any]
    names: int = 0

    def load(self, setting: Setting, server: Server, turn: int) -> Load:
        prefix = "again" if self.names else f"{self.method.lower()}-{turn}"
        arguments = (self.method, self.content_type, self.path, prefix, str(self.names), json.dumps(self.body))
        return server.load(self.path.partition("%")[0], _CONNECTIONS, setting.seconds, "body", *arguments)


_JSON, _APPLY_YAML = "application/json", "application/apply-patch+yaml"
CREATE_MAP = Write("CREATE ConfigMap", "POST", _JSON, _MAPS, _CONFIG_MAP | {"data": PAYLOAD})
_WRITES = (
    Write("CREATE Pod", "POST", _JSON, _PODS, POD),
    Write("APPLY Pod, changed", "PATCH", _APPLY_YAML, _APPLY, POD, _APPLIED),
    Write("APPLY Pod, new", "PATCH", _APPLY_YAML, _APPLY, POD),
)
NAMES = tuple(
    [f"{write.name}, {_CONNECTIONS} connections" for write in _WRITES]
    + [f"CPU, {write.name}" for write in (CREATE_MAP, *_WRITES)]
)


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        server.make(_NAMESPACE, [])
        for write in _WRITES:
            if setting.wanted(name := f"{write.name}, {_CONNECTIONS} connections"):
                yield setting.measure(name, _CONNECTIONS, lambda turn, write=write: write.load(setting, server, turn))
        for write in (CREATE_MAP, *_WRITES):
            if setting.wanted(name := f"CPU, {write.name}"):
                yield cpu_of(setting, server, write, name)


def cpu_of(setting: Setting, server: Server, write: Write, name: str) -> Result:
    """Names go on where other lines ended."""
    def load(turn: int) -> Load:
        return write.load(setting, server, 1000 + turn)

    return setting.measure_cpu(name, _CONNECTIONS, load)
