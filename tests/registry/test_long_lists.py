"""Lists as long as a request's body can hold them: to compare each item with each would take hours, or the memory."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery import field
from pilothouse.apimachinery.http import Context
from pilothouse.registry.apiserverinternal.validation import validate_storage_version
from pilothouse.registry.batch import indexes
from pilothouse.registry.certificates.strategies import _fill_times
from pilothouse.registry.certificates.validation import validate_conditions
from pilothouse.registry.core import (
    mount_validation,
    pod_warnings,
    resource_validation,
    scheduling_validation,
    service_allocation,
    volume_warnings,
)
from pilothouse.registry.core.node_ports import NodePorts, PortOperation
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.internal import internal_diff
from pilothouse.registry.storage import class_validation, csi_validation

MANY = 200_000
NAMES = [f"n{i}" for i in range(MANY)]


@pytest.mark.parametrize("check", [
    lambda names: csi_validation._validate_topology_keys(names + names[:1]),
    lambda names: scheduling_validation._label_keys({}, names, [f"m{name}" for name in names] + names[:1]),
])
def test_names_are_looked_up(check: Callable[[list[str]], Sequence[field.Error]]) -> None:
    assert [e.reason for e in check(NAMES)]


def test_constraints_that_are_repeated() -> None:
    constraint = {"topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    others = [{**constraint, "topologyKey": name} for name in NAMES]
    errors = scheduling_validation.validate_spread_constraints([constraint, *others, constraint], PodRules())
    assert [e.field for e in errors] == ["[0].{topologyKey, whenUnsatisfiable}"]


def test_mounts_and_devices() -> None:
    container = {
        "volumeMounts": [{"name": name, "mountPath": f"/m/{name}"} for name in NAMES],
        "volumeDevices": [{"name": f"d{name}", "devicePath": f"/d/{name}"} for name in NAMES],
    }
    volumes: dict[str, Any] = {name: {} for name in NAMES} | {f"d{name}": {"ephemeral": {}} for name in NAMES}
    assert not mount_validation.validate_mounts(container["volumeMounts"], container, volumes)
    assert not mount_validation.validate_devices(container["volumeDevices"], container, volumes)


def test_claims_that_no_pod_has_are_told_with_one_text() -> None:
    known = frozenset(NAMES)
    errors = resource_validation._claims([{"name": f"m{name}"} for name in NAMES], known)
    assert len(errors) == MANY
    assert len({id(e.detail) for e in errors}) == 1


def test_claims_are_asked_for_as_a_whole_or_by_requests() -> None:
    wanted = [{"name": "a", "request": "r"}, {"name": "a", "request": "s"}, {"name": "a"}, {"name": "a"}]
    assert [e.value for e in resource_validation._claims(wanted, {"a"})] == ["a", "a", "a"]


def test_versions_that_no_server_decodes() -> None:
    server = {"apiServerID": "a", "encodingVersion": "v1", "decodableVersions": NAMES, "servedVersions": NAMES[::-1]}
    assert len(validate_storage_version({"status": {"storageVersions": [server]}})) < 10
    server["servedVersions"] = [f"m{name}" for name in NAMES]
    errors = validate_storage_version({"status": {"storageVersions": [server]}})
    assert sum(len(e.detail) for e in errors) < 2 * (1024 * 1024 + len(" ".join(NAMES)))


def test_conditions_of_certificate_requests() -> None:
    conditions = [{"type": "Approved", "status": "True"}] * MANY + [{"type": "Denied", "status": "True"}]
    errors = validate_conditions({"status": {"conditions": conditions}}, None)
    assert sum(e.reason == field.DUPLICATE for e in errors) == MANY - 1
    assert [e.value for e in errors if e.reason == field.INVALID] == ["Denied"]


def test_topologies_that_are_all_the_same() -> None:
    """Each is a duplicate of all the others."""
    term = {"matchLabelExpressions": [{"key": "a", "values": ["b"]}]}
    assert len(class_validation._validate_topologies([term] * 4)) == 0 + 1 + 2 + 3
    assert len(class_validation._validate_topologies([{}] * 3)) == 3 + 4 + 5
    assert len(class_validation._validate_topologies([{}] * MANY)) == 10_000


def test_ports_that_share_node_ports() -> None:
    class Operation:
        def allocate(self, port: int) -> None: ...

    ports = [{"port": i, "nodePort": i} for i in range(MANY)]
    service: dict[str, Any] = {"spec": {"type": "NodePort", "ports": [{"port": i} for i in range(1, MANY)] + ports[1:]}}
    service_allocation._init_node_ports(service, Operation())  # type: ignore[arg-type]
    assert service["spec"]["ports"] == ports[1:] * 2


def test_node_ports_of_a_dry_run_are_counted_on() -> None:
    operation = PortOperation(cast(NodePorts, None), dry_run=True)
    assert [operation.allocate_next() for _ in range(MANY)] == list(range(32_769, 32_769 + MANY))


def test_long_differences_are_shown_as_one() -> None:
    def spec(word: str) -> dict[str, Any]:
        return {"nodeSelector": {f"k{i}": word if i % 2 else "same" for i in range(MANY)}}

    lines = internal_diff("core.PodSpec", spec("a"), spec("b")).splitlines()
    assert lines[0].startswith("@@ -") and lines[1:3] == ['-  "k1": "a",', '-  "k10": "same",']
    assert len(lines) == 1 + 1500 + 1500


def test_warnings_are_not_searched() -> None:
    context = Context()
    for name in NAMES * 2:
        context.warn(name)
    assert context.warnings == NAMES


@given(st.lists(st.tuples(st.text("ab/", max_size=6), st.sampled_from(["", "x"])), max_size=8))
def test_overlaps_are_all_found(places: list[tuple[str, str]]) -> None:
    want: dict[str, None] = {}
    for i, (path, source) in enumerate(places):
        path = path.rstrip("/")
        for other, its in places[:i]:
            other = other.rstrip("/")
            if path and other and (f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")):
                shown = [f'"{p}" ({s})' if s else f'"{p}"' for p, s in ((path, source), (other, its))]
                want[f'volume "v" (K): overlapping paths: {shown[0]} with {shown[1]}'] = None
    assert list(volume_warnings._colliding({"name": "v"}, "K", places)) == list(want)


def test_long_lists_of_files() -> None:
    places = [(f"a/{name}", "") for name in NAMES[:50_000]]
    assert not [*volume_warnings._colliding({}, "Secret", places)]
    assert len([*volume_warnings._colliding({}, "Secret", [*places, ("a", "")] * 2)]) == 50_000
    assert len([*volume_warnings._colliding({}, "Secret", [("a", name) for name in NAMES])]) < 200


def test_lists_of_indexes() -> None:
    even, odd = (",".join(str(i) for i in range(first, MANY, 2)) for first in (0, 1))
    assert indexes.overlap(even, odd, MANY) is None
    assert indexes.overlap(even, f"{odd},{MANY}", MANY) is None
    assert indexes.overlap("0-3,9,20-30", "5-8,9-19,25", 100) == 9
    assert indexes.overlap("0-3,x,20-30", "5-8,25-40", 100) == 25


def test_times_of_conditions_are_looked_up() -> None:
    before = [{"type": name, "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"} for name in NAMES]
    conditions: list[dict[str, Any]] = [{"type": name, "status": "True"} for name in [*NAMES, "new"]]
    _fill_times(conditions, {"status": {"conditions": before}}, lambda: 1609459200.0)
    assert [c["lastTransitionTime"][:4] for c in conditions[-2:]] == ["2020", "2021"]


def test_drivers_are_found_by_their_names() -> None:
    old = {"spec": {"drivers": [{"name": name, "nodeID": "a"} for name in NAMES[:20_000]]}}
    new = {"spec": {"drivers": [{"name": name, "nodeID": "a"} for name in NAMES[:20_000]]}}
    assert not csi_validation.validate_node_update(new, old)
    new["spec"]["drivers"][7]["nodeID"] = "b"
    assert [e.field for e in csi_validation.validate_node_update(new, old)] == ["spec.drivers"]


def brute_clash(port: dict[str, Any], other: dict[str, Any]) -> str:
    ip, number = port.get("hostIP") or "", port.get("hostPort") or 0
    other_ip, other_number = other.get("hostIP") or "", other.get("hostPort") or 0
    if (ip, number) == (other_ip, other_number):
        return "duplicate"
    if not number or not other_number:
        return "overlapping"
    return "dangerously ambiguous" if number == other_number and bool(ip) != bool(other_ip) else ""


PORTS = st.fixed_dictionaries({"containerPort": st.integers(1, 2)}, optional={
    "hostPort": st.integers(0, 2), "hostIP": st.sampled_from(["", "1.1.1.1", "2.2.2.2"]),
})


@given(st.lists(PORTS, max_size=8))
def test_clashing_ports_are_all_found(ports: list[dict[str, Any]]) -> None:
    want = []
    for i, port in enumerate(ports):
        for j, other in enumerate(ports[:i]):
            if port["containerPort"] == other["containerPort"] and (what := brute_clash(port, other)):
                want.append(f".containers[0].ports[{i}]: {what} port definition with .containers[0].ports[{j}]")
    found = pod_warnings._ports({"containers": [{"ports": ports}]}, "")
    assert [text for text in found if " port definition with " in text] == want


def test_long_lists_of_ports() -> None:
    ports = [{"containerPort": 1, "hostPort": i + 1, "hostIP": f"10.0.0.{i}"} for i in range(MANY)]
    assert not [*pod_warnings._ports({"containers": [{"ports": ports}]}, "")]
    same = [{"containerPort": 1, "hostPort": 1, "hostIP": f"10.0.0.{i}"} for i in range(MANY)]
    assert not [*pod_warnings._ports({"containers": [{"ports": same}]}, "")]
    assert len([*pod_warnings._ports({"containers": [{"ports": [{"containerPort": 1}] * MANY}]}, "")]) < 200
