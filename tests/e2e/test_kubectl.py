"""What a person types: every command of kubectl that works without a kubelet."""

import json
import time
from typing import Any

import pytest

from tests.e2e.conftest import Kubectl

MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""


def test_discovery_commands(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources")
    for expected in ("deployments", "deploy", "apps/v1", "customresourcedefinitions", "flowschemas"):
        assert expected in resources
    assert "sts" in kubectl("api-resources", "--categories=all", "--namespaced=true")
    versions = kubectl("api-versions").split()
    assert {"v1", "apps/v1", "autoscaling/v2", "rbac.authorization.k8s.io/v1"} <= set(versions)
    assert "is running at" in kubectl("cluster-info")
    assert json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"].startswith("v1.36")
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "[+]ping ok" in kubectl("get", "--raw", "/livez?verbose")


def test_explain(kubectl: Kubectl) -> None:
    text = kubectl("explain", "pod.spec.containers", "--recursive")
    for expected in ("KIND:       Pod", "imagePullPolicy", "livenessProbe", "-required-"):
        assert expected in text
    assert "RollingUpdate" in kubectl("explain", "deployment.spec.strategy.type")


CREATED: list[tuple[tuple[str, ...], str]] = [
    (("configmap", "cm", "--from-literal=a=b"), "configmap/cm"),
    (("secret", "generic", "s", "--from-literal=a=b"), "secret/s"),
    (("secret", "docker-registry", "reg", "--docker-username=u", "--docker-password=p"), "secret/reg"),
    (("serviceaccount", "robot"), "serviceaccount/robot"),
    (("deployment", "web", "--image=nginx", "--replicas=2"), "deployment.apps/web"),
    (("job", "pi", "--image=perl", "--", "perl", "-v"), "job.batch/pi"),
    (("cronjob", "tick", "--image=busybox", "--schedule=*/5 * * * *"), "cronjob.batch/tick"),
    (("service", "clusterip", "svc", "--tcp=80:8080"), "service/svc"),
    (("service", "nodeport", "svcnode", "--tcp=80:8080"), "service/svcnode"),
    (("service", "loadbalancer", "svclb", "--tcp=80:8080"), "service/svclb"),
    (("service", "externalname", "svcext", "--external-name=example.com"), "service/svcext"),
    (("ingress", "ing", "--rule=example.com/*=svc:80"), "ingress.networking.k8s.io/ing"),
    (("role", "reader", "--verb=get", "--resource=pods"), "role.rbac.authorization.k8s.io/reader"),
    (("rolebinding", "readers", "--role=reader", "--user=u"), "rolebinding.rbac.authorization.k8s.io/readers"),
    (("quota", "q", "--hard=pods=10"), "resourcequota/q"),
    (("poddisruptionbudget", "pdb", "--selector=app=web", "--min-available=1"), "poddisruptionbudget.policy/pdb"),
    (("token", "robot"), ""),
]


def test_create_every_imperative_kind(kubectl: Kubectl) -> None:
    for arguments, expected in CREATED:
        output = kubectl("create", *arguments)
        assert expected in output
    suffix = kubectl.namespace
    for arguments in (
        ("clusterrole", f"cr-{suffix}", "--verb=get", "--resource=nodes"),
        ("clusterrolebinding", f"crb-{suffix}", f"--clusterrole=cr-{suffix}", "--group=g"),
        ("priorityclass", f"pc-{suffix}", "--value=1000"),
    ):
        assert "created" in kubectl("create", *arguments)
        kubectl("delete", arguments[0], arguments[1])
    assert 'configmaps "cm" already exists' in kubectl.fails("create", "configmap", "cm")


def test_apply_and_apply_again(kubectl: Kubectl) -> None:
    first = kubectl("apply", "-f", "-", stdin=MANIFEST)
    assert first.splitlines() == ["configmap/settings created", "deployment.apps/web created", "service/web created"]
    assert all(line.endswith(" unchanged") for line in kubectl("apply", "-f", "-", stdin=MANIFEST).splitlines())
    changed = MANIFEST.replace("blue", "green").replace("replicas: 2", "replicas: 5")
    second = kubectl("apply", "-f", "-", stdin=changed)
    assert second.splitlines() == [
        "configmap/settings configured", "deployment.apps/web configured", "service/web unchanged",
    ]
    assert kubectl.json("get", "configmap", "settings")["data"] == {"colour": "green"}
    deployment = kubectl.json("get", "deployment", "web")
    assert deployment["spec"]["replicas"] == 5
    assert deployment["metadata"]["generation"] == 2
    assert kubectl("diff", "-f", "-", stdin=changed) == ""
    kubectl("delete", "-f", "-", stdin=changed)
    assert "NotFound" in kubectl.fails("get", "deployment", "web")


def test_apply_refuses_what_the_schema_does_not_know(kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {a: b}\n"
    assert 'unknown field "datum"' in kubectl.fails("apply", "-f", "-", stdin=text)
    assert 'unknown field "datum"' in kubectl.run("apply", "--validate=warn", "-f", "-", stdin=text).stderr


@pytest.fixture
def applied(kubectl: Kubectl) -> Kubectl:
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    return kubectl


def test_output_formats(applied: Kubectl) -> None:
    assert "NAME" in applied("get", "deploy,svc,cm")
    wide = applied("get", "deployment", "web", "-o", "wide")
    assert "CONTAINERS" in wide
    assert "nginx:1.27" in wide
    assert applied("get", "deployment", "web", "-o", "name") == "deployment.apps/web\n"
    assert applied("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "2"
    assert "replicas: 2" in applied("get", "deployment", "web", "-o", "yaml")
    columns = applied("get", "cm", "settings", "-o", "custom-columns=N:.metadata.name,C:.data.colour")
    assert columns.split() == ["N", "C", "settings", "blue"]
    assert applied("get", "cm", "settings", "-o", "go-template={{.data.colour}}") == "blue"
    assert "web" in applied("get", "all")
    assert applied("get", "cm", "--show-labels", "--no-headers", "settings").split()[-1] == "<none>"
    assert '"kind": "List"' in applied("get", "cm", "-o", "json")
    assert "settings" in applied("get", "cm", "-A")
    assert applied("get", "cm", "--sort-by=.metadata.name", "-o", "name")
    assert "managedFields" in applied("get", "cm", "settings", "-o", "yaml", "--show-managed-fields")


def test_watch(applied: Kubectl) -> None:
    watching = applied.start("get", "configmap", "settings", "-w", "-o", "jsonpath={.data.colour}{'\\n'}")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "blue\n"
        applied("patch", "configmap", "settings", "-p", '{"data":{"colour":"red"}}')
        assert watching.stdout.readline() == "red\n"
    finally:
        watching.kill()
        watching.communicate()


def test_describe(applied: Kubectl) -> None:
    applied("run", "one", "--image=nginx")
    node = json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{applied.namespace}"}})
    applied("create", "-f", "-", stdin=node)
    for kind, name, expected in (
        ("pod", "one", "Service Account:  default"),
        ("deployment", "web", "StrategyType:           RollingUpdate"),
        ("service", "web", "Type:                     ClusterIP"),
        ("node", f"node-{applied.namespace}", "Unschedulable:      false"),
        ("namespace", applied.namespace, "Status:       Active"),
    ):
        assert expected in applied("describe", kind, name)
    applied("delete", "node", f"node-{applied.namespace}")


def test_label_annotate_patch_replace_edit(applied: Kubectl) -> None:
    applied("label", "cm", "settings", "tier=front")
    assert "settings" in applied("get", "cm", "-l", "tier in (front, back),!gone")
    assert applied("get", "cm", "-l", "tier!=front", "-o", "name") == "configmap/kube-root-ca.crt\n"
    applied("label", "cm", "settings", "tier-")
    applied("annotate", "cm", "settings", "note=hello")
    applied("patch", "cm", "settings", "--type=json", '-p=[{"op":"add","path":"/data/a","value":"1"}]')
    applied("patch", "cm", "settings", "--type=merge", '-p={"data":{"b":"2"}}')
    applied("patch", "deployment", "web", "--type=strategic",
            '-p={"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"X","value":"y"}]}]}}}}')
    found: Any = applied.json("get", "deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["image"], c["env"]) for c in found] == [
        ("nginx", "nginx:1.27", [{"name": "X", "value": "y"}])
    ]
    config: Any = applied.json("get", "cm", "settings")
    assert config["data"] == {"colour": "blue", "a": "1", "b": "2"}
    config["data"] = {"only": "this"}
    applied("replace", "-f", "-", stdin=json.dumps(config))
    assert "Operation cannot be fulfilled" in applied.fails("replace", "-f", "-", stdin=json.dumps(config))
    applied("edit", "cm", "settings", env={"EDITOR": "sed -i s/this/that/"})
    assert applied.json("get", "cm", "settings")["data"] == {"only": "that"}


def test_workload_commands(applied: Kubectl) -> None:
    applied("scale", "deployment", "web", "--replicas=7")
    assert applied("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "7"
    expected = "xpected replicas to be 3, was 7"
    assert expected in applied.fails("scale", "deployment", "web", "--replicas=1", "--current-replicas=3")
    applied("set", "image", "deployment/web", "nginx=nginx:1.28")
    assert "nginx:1.28" in applied("get", "deployment", "web", "-o", "wide")
    applied("set", "env", "deployment/web", "A=b")
    applied("set", "resources", "deployment/web", "--limits=cpu=200m")
    assert "deployment.apps/web" in applied("rollout", "history", "deployment/web")
    applied("rollout", "restart", "deployment/web")
    applied("rollout", "pause", "deployment/web")
    assert applied("get", "deployment", "web", "-o", "jsonpath={.spec.paused}") == "true"
    assert "exposed" in applied("expose", "deployment", "web", "--name=web2", "--port=81")
    assert "autoscaled" in applied("autoscale", "deployment", "web", "--min=1", "--max=3")
    dry = json.loads(applied("run", "dry", "--image=nginx", "--dry-run=server", "-o", "json"))
    assert dry["metadata"]["uid"]
    assert dry["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    assert "NotFound" in applied.fails("get", "pod", "dry")


def test_auth(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert "*.*" in kubectl("auth", "can-i", "--list")
    assert "system:masters" in kubectl("auth", "whoami")
    assert kubectl.fails("get", "pods", "--as=somebody")


ROLES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader, namespace: {namespace}}}
rules:
- {{apiGroups: [""], resources: [configmaps], resourceNames: [mine], verbs: ["{verb}"]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: reader, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects:
- {{kind: User, name: {user}, apiGroup: rbac.authorization.k8s.io}}
"""


def test_auth_reconcile(kubectl: Kubectl) -> None:
    def reconcile(verb: str, kind: str, name: str, user: str, *flags: str) -> str:
        # kubectl panics over bindings without a namespace
        roles = ROLES.format(verb=verb, kind=kind, name=name, user=user, namespace=kubectl.namespace)
        done = kubectl.run("auth", "reconcile", "-f", "-", *flags, stdin=roles)
        assert done.returncode == 0, done.stderr
        return str(done.stderr)

    def rules(user: str) -> list[list[str]]:
        lines = kubectl("auth", "can-i", "--list", f"--as={user}").splitlines()
        return [line.split() for line in lines if line.startswith("configmaps")]

    assert "reconciliation required create" in reconcile("get", "Role", "reader", "ann")
    assert rules("ann") == [["configmaps", "[]", "[mine]", "[get]"]]
    assert "missing rules added" in reconcile("list", "Role", "reader", "ben")
    assert rules("ben") == [["configmaps", "[]", "[mine]", "[get", "list]"]]
    extra = ("--remove-extra-permissions", "--remove-extra-subjects")
    assert "extra subjects removed" in reconcile("list", "Role", "reader", "ben", *extra)
    assert rules("ann") == []
    assert rules("ben") == [["configmaps", "[]", "[mine]", "[list]"]]
    # the role of a binding cannot change, so that kubectl makes another binding
    assert "reconciliation required recreate" in reconcile("list", "ClusterRole", "view", "ben")
    assert ["configmaps", "[]", "[]", "[get", "list", "watch]"] in rules("ben")


def test_wait_and_delete(applied: Kubectl) -> None:
    applied("create", "configmap", "gone")
    waiting = applied.start("wait", "--for=delete", "configmap/gone", "--timeout=30s")
    applied("delete", "configmap", "gone")
    assert waiting.wait(30) == 0
    waiting.communicate()
    assert "condition met" in applied("wait", "--for=jsonpath={.data.colour}=blue", "cm/settings", "--timeout=10s")
    assert applied.fails("wait", "--for=condition=Available", "deployment/web", "--timeout=1s")


REPLICA_SET = {
    "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "owner"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    },
}


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_cascading_deletion(kubectl: Kubectl, cascade: str) -> None:
    kubectl("create", "-f", "-", stdin=json.dumps(REPLICA_SET))
    uid = kubectl("get", "replicaset", "owner", "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "owner", "uid": uid, "blockOwnerDeletion": True}
    dependent = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dependent", "ownerReferences": [owner]},
    }
    kubectl("create", "-f", "-", stdin=json.dumps(dependent))
    kubectl("delete", "replicaset", "owner", f"--cascade={cascade}", "--timeout=30s")
    assert "NotFound" in kubectl.fails("get", "replicaset", "owner")
    if cascade == "orphan":
        assert "ownerReferences" not in kubectl.json("get", "cm", "dependent")["metadata"]
    else:
        kubectl("wait", "--for=delete", "cm/dependent", "--timeout=30s")


def test_events_top_and_pages(kubectl: Kubectl) -> None:
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "Tested", "message": "it works",
        "type": "Normal", "involvedObject": {"kind": "ConfigMap", "name": "x", "namespace": kubectl.namespace},
        "firstTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "lastTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    kubectl("create", "-f", "-", stdin=json.dumps(event))
    assert "it works" in kubectl("get", "events")
    assert "it works" in kubectl("events")
    assert "configmap/x" in kubectl("get", "events", "--field-selector", "reason=Tested,involvedObject.name=x")
    assert "Metrics API not available" in kubectl.fails("top", "nodes")
    for i in range(7):
        kubectl("create", "configmap", f"page-{i}")
    names = kubectl("get", "cm", "--chunk-size=2", "-o", "name").split()
    assert [n for n in names if "page" in n] == [f"configmap/page-{i}" for i in range(7)]
    assert kubectl("get", "cm", "--field-selector=metadata.name=page-3", "-o", "name") == "configmap/page-3\n"
    assert "field label not supported" in kubectl.fails("get", "pods", "--field-selector=spec.odd=x")


def test_namespace_deletion(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    kubectl("delete", "namespace", kubectl.namespace, "--timeout=30s")
    assert "NotFound" in kubectl.fails("get", "namespace", kubectl.namespace)
    assert kubectl("get", "deploy,svc,cm,sa", "-o", "name") == ""
