"""CREATE of a custom resource whose schema has ten rules, beside a ConfigMap's (`requests`, `pods`)."""

import time
from collections.abc import Iterator
from typing import Any

from bench.pods import Write, cpu_of
from bench.report import Result
from bench.setting import Failed, Server, Setting

_CONNECTIONS = 64
_NAMESPACE = "custom"
_GROUP = "bench.example.com"
_PATH = f"/apis/{_GROUP}/v1/namespaces/{_NAMESPACE}/databases"
_SECONDS_TO_ESTABLISH = 10.0

_RULES = (
    "self.minReplicas <= self.replicas", "self.replicas <= self.maxReplicas", "self.name.startsWith('db-')",
    "!has(self.backup) || self.backup.keep > 0", "self.users.all(u, u.size() > 2)",
    "self.users.exists(u, u == 'admin')", "self.engine in ['postgres', 'mysql']",
    "self.engine != 'mysql' || self.version.matches('^8[.]')", "size(self.users) < 10",
    "!has(self.backup) || self.backup.schedule.split(' ').size() == 5",
)
_TEXT = {"type": "string", "maxLength": 64}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 100}
_SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["name", "engine", "replicas", "minReplicas", "maxReplicas", "users", "version"],
    "properties": {
        "name": _TEXT, "engine": {"type": "string", "enum": ["postgres", "mysql"]}, "version": _TEXT,
        "replicas": _NUMBER, "minReplicas": _NUMBER, "maxReplicas": _NUMBER,
        "storage": {"type": "string", "default": "10Gi", "maxLength": 32},
        "users": {"type": "array", "maxItems": 10, "items": _TEXT, "x-kubernetes-list-type": "set"},
        "backup": {"type": "object", "properties": {"keep": _NUMBER, "schedule": _TEXT}},
    },
    "x-kubernetes-validations": [{"rule": rule} for rule in _RULES],
}
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": f"databases.{_GROUP}"},
    "spec": {
        "group": _GROUP, "scope": "Namespaced", "names": {"plural": "databases", "kind": "Database"},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _SPEC}}},
        }],
    },
}
DATABASE: dict[str, Any] = {
    "apiVersion": f"{_GROUP}/v1", "kind": "Database", "metadata": {"name": "%NAME%", "labels": {"app": "bench"}},
    "spec": {
        "name": "db-orders", "engine": "postgres", "version": "16.2", "replicas": 3, "minReplicas": 1,
        "maxReplicas": 5, "users": ["admin", "reader", "writer"],
        "backup": {"keep": 7, "schedule": "0 3 * * *"},
    },
}
_CREATE = Write("CREATE custom resource, 10 rules", "POST", "application/json", _PATH, DATABASE)
NAMES = (f"{_CREATE.name}, {_CONNECTIONS} connections", f"CPU, {_CREATE.name}")


def run(setting: Setting) -> Iterator[Result]:
    with setting.server() as server:
        server.make(_NAMESPACE, [])
        server.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
        _wait(server)
        rate, cpu = NAMES
        if setting.wanted(rate):
            yield setting.measure(rate, _CONNECTIONS, lambda turn: _CREATE.load(setting, server, turn))
        if setting.wanted(cpu):
            yield cpu_of(setting, server, _CREATE, cpu)


def _wait(server: Server) -> None:
    """Until the resource is served."""
    until = time.monotonic() + _SECONDS_TO_ESTABLISH
    name = DEFINITION["metadata"]["name"]
    while time.monotonic() < until:
        found = server.read(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
        conditions = (found.get("status") or {}).get("conditions") or ()
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return
        time.sleep(0.05)
    raise Failed(f"the definition {name} is not established")
