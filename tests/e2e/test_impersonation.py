"""kubectl --as, with rights and without, old and constrained."""

from tests.e2e.conftest import Kubectl

# kubectl create clusterrole takes only resources that discovery shows
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %s}
rules:
- {apiGroups: [authentication.k8s.io], resources: [users], verbs: ["impersonate:user-info"], resourceNames: [eve]}
"""


def as_bob(*arguments: str) -> tuple[str, ...]:
    return (*arguments, "--as=bob", "--as-group=dev")


def test_acting_as_somebody_else(kubectl: Kubectl) -> None:
    assert kubectl.json("auth", "whoami", *as_bob())["status"]["userInfo"] == {
        "username": "bob", "groups": ["dev", "system:authenticated"]
    }
    assert 'User "bob" cannot list resource "pods"' in kubectl.fails("get", "pods", *as_bob())
    kubectl("create", "rolebinding", "bob", "--clusterrole=view", "--user=bob")
    kubectl("get", "pods", *as_bob())
    account = kubectl.json("auth", "whoami", f"--as=system:serviceaccount:{kubectl.namespace}:default")
    assert account["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts", f"system:serviceaccounts:{kubectl.namespace}", "system:authenticated"
    ]


def test_a_constrained_right_is_for_one_verb(kubectl: Kubectl) -> None:
    name = f"helper-{kubectl.namespace}"
    kubectl("create", "serviceaccount", "helper")
    account = f"system:serviceaccount:{kubectl.namespace}:helper"
    kubectl("create", "rolebinding", "eve", "--clusterrole=view", "--user=eve")
    kubectl("apply", "-f", "-", stdin=ROLE % name)
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount={account[22:]}")
    kubectl("create", "role", "helper", "--verb=impersonate-on:user-info:list", "--resource=pods")
    kubectl("create", "rolebinding", "helper", "--role=helper", f"--serviceaccount={account[22:]}")
    token = kubectl("create", "token", "helper").strip()
    # A token of its own, so that kubectl's certificate does not count.
    assert "No resources found" in kubectl.with_token(token, "get", "pods", "--as=eve").stderr
    refused = kubectl.with_token(token, "get", "secrets", "--as=eve").stderr
    assert f'User "{account}" cannot impersonate-on:user-info:list resource "secrets"' in refused
    kubectl("delete", "clusterrole,clusterrolebinding", name)
