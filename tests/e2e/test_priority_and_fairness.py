"""Flow schemas of a real server take effect at once; its dumps show what is going on."""

import json
import ssl
import urllib.request
from pathlib import Path

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl

LEVEL = """
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: mine}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 10, limitResponse: {type: Queue, queuing: {}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: bobs}
spec:
  priorityLevelConfiguration: {name: mine}
  matchingPrecedence: 100
  rules:
  - subjects: [{kind: User, user: {name: bob}}]
    nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
"""


def uids(server: TestServer, path: str) -> tuple[str | None, str | None]:
    """Of the flow schema and the priority level that a request of bob's met."""
    request = urllib.request.Request(server.url + path, headers={"Authorization": "Bearer bob-token"})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(server.ca_file))) as answer:
        return (
            answer.headers["X-Kubernetes-Pf-Flowschema-Uid"], answer.headers["X-Kubernetes-Pf-Prioritylevel-Uid"]
        )


def test_schemas_take_effect_at_once(tmp_path: Path) -> None:
    tokens = ("admin-token,admin,1,system:masters", "bob-token,bob,2,dev")
    with TestServer(tokens=tokens) as server:
        kubectl = Kubectl(server, "default", tmp_path)

        def uid(kind: str, name: str) -> str:
            return str(kubectl.json("get", kind, name)["metadata"]["uid"])

        assert uids(server, "/version") == (uid("flowschema", "global-default"), uid("prioritylevelconfiguration",
                                                                                     "global-default"))
        kubectl("apply", "-f", "-", stdin=LEVEL)
        assert uids(server, "/version") == (uid("flowschema", "bobs"), uid("prioritylevelconfiguration", "mine"))
        kubectl("delete", "prioritylevelconfiguration", "mine")
        assert uids(server, "/version")[0] == uid("flowschema", "global-default")
        dump = kubectl("get", "--raw", "/debug/api_priority_and_fairness/dump_priority_levels")
        assert [line.split(",")[0] for line in dump.splitlines()][:3] == ["PriorityLevelName", "catch-all", "exempt"]
        assert "kubernetes-admin" in kubectl(
            "get", "--raw", "/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1"
        )
        assert "NextDispatchR" in kubectl("get", "--raw", "/debug/api_priority_and_fairness/dump_queues")
        metrics = kubectl("get", "--raw", "/metrics")
        assert 'dispatched_requests_total{flow_schema="bobs",priority_level="mine"}' in metrics
        dangling = json.loads(kubectl("get", "flowschema", "bobs", "-o", "jsonpath={.status.conditions}"))
        assert dangling[0]["type"] == "Dangling"
