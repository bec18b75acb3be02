"""Whatever stands in a review, a token request or a write of roles: a real server refuses it or answers, and lives."""

import contextlib
import copy
import http.client
import json
import random
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from pilothouse.testing.server import TestServer

TOKENS = ("admin-token,admin,1,system:masters", "bob-token,bob,2")
GROUP = "rbac.authorization.k8s.io"
RBAC, AUTHORIZATION = f"/apis/{GROUP}/v1", "/apis/authorization.k8s.io/v1"
AUTHENTICATION, DEFAULT = "/apis/authentication.k8s.io/v1", "/api/v1/namespaces/default"
METADATA = {
    "name": "x", "namespace": "default", "labels": {"a": "b"}, "uid": "u", "finalizers": ["a/b"],
    "creationTimestamp": "2020-01-01T00:00:00Z",
}
SELECTORS = {"rawSelector": "a=b", "requirements": [{"key": "a", "operator": "In", "values": ["b"]}]}
RESOURCE = {"namespace": "default", "verb": "get", "resource": "pods", "name": "y", "version": "v1"}
SUBJECT = {"user": "u", "groups": ["g"], "uid": "1", "extra": {"a": ["b"]}}
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]}
BODIES: tuple[tuple[str, Any], ...] = (
    (f"{AUTHORIZATION}/subjectaccessreviews", {"spec": {
        **SUBJECT, "resourceAttributes": {**RESOURCE, "fieldSelector": SELECTORS, "labelSelector": SELECTORS},
    }}),
    (f"{AUTHORIZATION}/subjectaccessreviews", {
        "spec": {**SUBJECT, "nonResourceAttributes": {"path": "/x", "verb": "get"}}, "status": {"allowed": True},
    }),
    (f"{AUTHORIZATION}/selfsubjectaccessreviews", {"metadata": METADATA, "spec": {"resourceAttributes": RESOURCE}}),
    (f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews", {
        "metadata": {"namespace": "default"}, "spec": {**SUBJECT, "resourceAttributes": RESOURCE},
    }),
    (f"{AUTHORIZATION}/selfsubjectrulesreviews", {"spec": {"namespace": "x"}}),
    (f"{AUTHENTICATION}/tokenreviews", {
        "metadata": METADATA, "spec": {"token": "bob-token", "audiences": ["https://kubernetes.default.svc"]},
        "status": {"authenticated": True, "user": {"username": "x", "extra": {"a": ["b"]}}, "audiences": ["q"]},
    }),
    (f"{AUTHENTICATION}/selfsubjectreviews", {"metadata": METADATA, "status": {"userInfo": {"username": "z"}}}),
    (f"{DEFAULT}/serviceaccounts/default/token", {"metadata": {"namespace": "default"}, "spec": {
        "audiences": ["a"], "expirationSeconds": 700,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "x"},
    }}),
    (f"{RBAC}/clusterroles?dryRun=All", {"metadata": {"name": "r"}, "rules": [RULE], "aggregationRule": {
        "clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}]}],
    }}),
    (f"{RBAC}/namespaces/default/rolebindings?dryRun=All", {
        "metadata": METADATA, "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "view"},
        "subjects": [{"kind": "User", "name": "x", "apiGroup": GROUP, "namespace": "n"}],
    }),
)
ODD: tuple[Any, ...] = (
    None, "", 0, -1, 1 << 40, {}, [], [None], {"": None}, {"a": None}, "a/b/c", "\x00", "é", "x" * 300, True, 1.5, [[]],
    [{}], "..", "%2F", "*",
)
_GONE = object()


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*at, key)
        yield from places(child, (*at, key))


def edited(body: Any, rng: random.Random) -> Any:
    body = copy.deepcopy(body)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        where = list(places(body))
        if not where:
            break
        *above, last = rng.choice(where)
        holder = body
        for key in above:
            holder = holder[key]
        new = rng.choice((_GONE, *ODD))
        if new is _GONE:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(new)
    return body


@pytest.mark.parametrize("token", ["admin-token", "bob-token"])
def test_no_body_makes_the_server_fail(token: str) -> None:
    rng = random.Random(token)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(TestServer(tokens=TOKENS))
        context = ssl.create_default_context(cafile=str(server.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=10)
        stack.callback(connection.close)

        def post(token: str, path: str, body: Any) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        post("admin-token", f"{RBAC}/clusterroles", {"metadata": {"name": "any"}, "rules": [
            {"verbs": ["get", "create"], "apiGroups": ["*"], "resources": ["*"]},
        ]})
        post("admin-token", f"{RBAC}/clusterrolebindings", {
            "metadata": {"name": "any"}, "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "any"},
            "subjects": [{"kind": "User", "name": "bob", "apiGroup": GROUP}],
        })
        post("admin-token", f"{DEFAULT}/serviceaccounts", {"metadata": {"name": "default"}})
        for _ in range(1500):
            path, body = rng.choice(BODIES)
            body = edited(body, rng)
            code, answer = post(token, path, body)
            # kube-apiserver has no better word for a role of a kind that is none
            assert code < 500 or "unsupported role reference kind" in answer, (path, body, answer)
        assert "Traceback" not in server.log
