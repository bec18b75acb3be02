from pilothouse.controlplane.bootstrap.flowcontrol import reconcile
from pilothouse.controlplane.bootstrap.kubernetes_service import Address
from pilothouse.controlplane.bootstrap.system import identity


def test_identity_is_stable_and_a_valid_name() -> None:
    assert identity("host") == identity("host") != identity("other")
    assert identity("host").startswith("apiserver-")
    assert len(identity("host")) == len("apiserver-") + 26


def test_service_ip_is_the_first_usable() -> None:
    assert Address(("10.0.0.0/24",), "192.0.2.2", 6443).service_ip == "10.0.0.1"
    assert Address(("fd00::/108",), "::1", 6443).service_ip == "fd00::1"


def test_flow_control_follows_defaults_only_while_it_may() -> None:
    default = {"metadata": {"name": "x"}, "spec": {"a": 1}}
    marked = {"name": "x", "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}}
    assert reconcile({"metadata": marked, "spec": {"a": 2}}, default) == {"metadata": marked, "spec": {"a": 1}}
    assert reconcile({"metadata": marked, "spec": {"a": 1}}, default) is None
    assert reconcile({"metadata": {"name": "x"}, "spec": {"a": 2}}, default) is None
