"""Statuses of containers: users and devices."""

from pilothouse.registry.core.container_status_validation import validate_allocated_resources, validate_users
from tests.registry.core.checks import Object, container, texts


def test_users_belong_to_a_system() -> None:
    statuses = [{"user": {"linux": {"uid": -1, "gid": 0, "supplementalGroups": [1]}}}, {}]
    assert texts(validate_users(statuses, "linux")) == [
        "[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive"
    ]
    assert texts(validate_users(statuses, "windows")) == [
        "[0].user.linux: Forbidden: cannot be set for a windows pod"
    ]


def test_devices_are_those_that_were_asked_for() -> None:
    resources = {"requests": {"a/b": "1"}, "claims": [{"name": "x", "request": "r"}]}
    spec: Object = {"containers": [container(resources=resources)]}
    good = [{"name": "claim:x/r"}, {"name": "a/b", "resources": [{"resourceID": "1", "health": "Healthy"}]}]
    assert not validate_allocated_resources([{"name": "c", "allocatedResourcesStatus": good}], "containers", spec)
    device = {"resourceID": "1", "health": "X", "message": ""}
    bad = [{"name": "claim:y"}, {"name": "cpu", "resources": [device, {"resourceID": "1", "health": "Unknown"}]}]
    found = texts(validate_allocated_resources([{"name": "c", "allocatedResourcesStatus": bad}], "containers", spec))
    assert found == [
        "[0].allocatedResourcesStatus[0].name: Invalid value: \"claim:y\": must match one of the container's resource "
        "claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
        "[0].allocatedResourcesStatus[1].name: Invalid value: \"cpu\": must match one of the container's resource "
        "requests",
        '[0].allocatedResourcesStatus[1].resources[0].health: Unsupported value: "X": supported values: "Healthy", '
        '"Unhealthy", "Unknown"',
        "[0].allocatedResourcesStatus[1].resources[0].message: Required value: must be non-empty if specified",
        '[0].allocatedResourcesStatus[1].resources[1].resourceID: Duplicate value: "1"',
    ]
    assert texts(validate_allocated_resources([{"allocatedResourcesStatus": good}], "", spec)) == [
        "[0].allocatedResourcesStatus: Forbidden: must not be specified in container status"
    ]
