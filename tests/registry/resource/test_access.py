import asyncio
from typing import Any

import pytest

from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.requestinfo import RequestInfo
from pilothouse.apimachinery.user import NODE_NAME_KEY, User
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.registry.resource.access import status_refusals

DEVICE = {"driver": "d.example.com", "pool": "p", "device": "x"}
ON_N = {"nodeSelector": {"nodeSelectorTerms": [
    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]},
]}}
POD = User("system:serviceaccount:ns:driver", extra={NODE_NAME_KEY: ("n",)})


ANN = User("ann")


class Holder:
    def __init__(self, *held: str) -> None:
        self.held = held

    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        asked = f"{attributes.verb} {attributes.subresource} {attributes.namespace}/{attributes.name}"
        if "broken" in self.held:
            raise AuthorizationError("broken")
        return (Decision.ALLOW, "") if asked in self.held else (Decision.NO_OPINION, "")


def refusals(status: Any, before: Any, *held: str, user: User = ANN) -> list[str]:
    ctx = Context()
    ctx.user = user
    ctx.request_info = RequestInfo(
        is_resource_request=True, path="/", verb="update", api_group="resource.k8s.io", api_version="v1",
        namespace="ns", resource="resourceclaims", subresource="status", name="c",
    )
    found = asyncio.run(status_refusals(Holder(*held), ctx, {"status": status}, {"status": before}))
    return [str(error) for error in found]


BINDING = (
    "status.allocation: Forbidden: changing status.allocation or status.reservedFor requires "
    'resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: '
    'User "ann" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope'
)
DRIVER = (
    'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", '
    'verb="[arbitrary-node:update]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: '
    'User "ann" cannot arbitrary-node:update resource "resourceclaims/driver" in API group "resource.k8s.io" '
    'in the namespace "ns"'
)


def test_schedulers_bind() -> None:
    assert refusals({"allocation": {}}, {}) == [BINDING]
    assert refusals({"reservedFor": [{"name": "p"}]}, {}) == [BINDING]
    assert refusals({"allocation": {}}, {}, "update binding /") == []
    assert refusals({}, {}) == []
    assert refusals({}, {"reservedFor": [{"name": "p"}]}, "broken") == [f"{BINDING}: broken"]


@pytest.mark.parametrize(("devices", "before"), [([DEVICE], []), ([], [DEVICE]), ([DEVICE], [{**DEVICE, "data": {}}])])
def test_drivers_tell_about_their_own_devices(devices: Any, before: Any) -> None:
    new, old = ({"allocation": {}, "devices": listed} for listed in (devices, before))
    assert refusals(new, old) == [DRIVER]
    assert refusals(new, old, "arbitrary-node:update driver ns/d.example.com") == []
    assert refusals({"devices": devices}, {"devices": before}) == []


def test_devices_that_stay_are_not_asked_about() -> None:
    status = {"allocation": {}, "devices": [DEVICE]}
    assert refusals(status, status) == []


@pytest.mark.parametrize(("allocation", "user", "allowed"), [
    (ON_N, POD, True), ({}, POD, False), (ON_N, User("ann", extra=POD.extra), False),
    (ON_N, User(POD.name, extra={NODE_NAME_KEY: ("m",)}), False),
])
def test_a_driver_on_the_node(allocation: Any, user: User, allowed: bool) -> None:
    status = {"allocation": allocation, "devices": [DEVICE]}
    before = {"allocation": allocation}
    held = "associated-node:update driver ns/d.example.com"
    assert (refusals(status, before, held, user=user) == []) is allowed
