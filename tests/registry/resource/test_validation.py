from typing import Any

import pytest

from pilothouse.registry.resource.allocation_validation import validate_claim_status
from pilothouse.registry.resource.claim_validation import (
    validate_claim,
    validate_claim_update,
    validate_device_class,
    validate_template,
    validate_template_update,
)
from pilothouse.registry.resource.names import fully_qualified_name, limited_map, normal_uid, pool_name, qualified_name
from pilothouse.registry.resource.slice_validation import validate_slice
from tests.registry.checks import ABSENT, begins, edited

EXACTLY = {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1}
CLAIM: dict[str, Any] = {"metadata": {}, "spec": {"devices": {
    "requests": [{"name": "r", "exactly": EXACTLY}],
    "constraints": [{"requests": ["r"], "matchAttribute": "a.b/c"}],
    "config": [{"requests": ["r"], "opaque": {"driver": "d", "parameters": {"a": 1}}}],
}}}
DEVICES, AT = "spec.devices", "spec.devices.requests[0]"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    (f"{DEVICES}.requests.0.exactly", ABSENT, [f"{AT}: Required value: exactly one of `exactly` or `firstAvailable`"]),
    (f"{DEVICES}.requests.0.firstAvailable", [{"name": "s", **EXACTLY}], [f"{AT}: Invalid value: null: exactly"]),
    (f"{DEVICES}.requests.0.exactly.count", 0, [f"{AT}.exactly.count: Invalid value: 0: must be greater than zero"]),
    (f"{DEVICES}.requests.0.exactly.allocationMode", "All", [f"{AT}.exactly.count: Invalid value: 1: must not be"]),
    (f"{DEVICES}.requests.0.exactly.allocationMode", "Odd", [f'{AT}.exactly.allocationMode: Unsupported value: "Odd"']),
    (f"{DEVICES}.requests.0.exactly.deviceClassName", "", [f"{AT}.exactly.deviceClassName: Required value"]),
    (f"{DEVICES}.requests.0.exactly.selectors", [{}], [f"{AT}.exactly.selectors[0].cel: Required value"]),
    (f"{DEVICES}.requests.0.exactly.tolerations", [{"operator": "Exists", "value": "v", "effect": "Odd"}], [
        f'{AT}.exactly.tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`',
        f'{AT}.exactly.tolerations[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule"',
    ]),
    (f"{DEVICES}.requests.1", {"name": "r", "exactly": EXACTLY}, ['spec.devices.requests[1]: Duplicate value: "r"']),
    (f"{DEVICES}.requests", [{"name": "r", "exactly": EXACTLY}] * 33, ["spec.devices.requests: Too many: 33: must"]),
    (f"{DEVICES}.constraints.0", {"requests": ["x"]}, [
        'spec.devices.constraints[0].requests[0]: Invalid value: "x": must be the name of a request',
        'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute"',
    ]),
    (f"{DEVICES}.config.0.opaque", ABSENT, ["spec.devices.config[0].opaque: Required value"]),
    (f"{DEVICES}.config.0.opaque.parameters", 5, [
        'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object'
    ]),
    (f"{DEVICES}.config.0.opaque.parameters", {"a": "x" * 20000}, ["spec.devices.config[0].opaque.parameters: Too"]),
])
def test_claims(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_claim(edited(CLAIM, path, value)), expected)


def test_specs_stay() -> None:
    changed = edited(CLAIM, f"{DEVICES}.requests.0.exactly.count", 2)
    begins(validate_claim_update(changed, CLAIM), [
        'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"c","Selectors":null,'
        '"AllocationMode":"ExactCount","Count":2,"AdminAccess":null,"Tolerations":null,"Capacity":null},'
    ])
    template = {"spec": {"metadata": {"name": "n"}, "spec": CLAIM["spec"]}}
    begins(validate_template(template), ["spec.metadata.name: Forbidden: cannot be set"])
    good = {"spec": {"metadata": {"labels": {"a": "b"}}, "spec": CLAIM["spec"]}}
    begins(validate_template_update(edited(good, "spec.metadata.labels.a", "c"), good), [
        'spec: Invalid value: {"labels":{"a":"c"},"Spec":{"Devices":{"Requests":[{"Name":"r"'
    ])


def test_device_classes() -> None:
    begins(validate_device_class({"spec": {"extendedResourceName": "a.b/c"}}), [])
    begins(validate_device_class({"spec": {"extendedResourceName": "cpu", "selectors": [{}], "config": [{}]}}), [
        "spec.selectors[0].cel: Required value", "spec.config[0].opaque: Required value",
        'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ])


RESULT = {"request": "r", "driver": "d", "pool": "p", "device": "x"}
DEVICE = {"driver": "d", "pool": "p", "device": "x"}


def status(**fields: Any) -> dict[str, Any]:
    return {**CLAIM, "status": fields}


def test_allocations() -> None:
    allocation = {"devices": {"results": [RESULT]}}
    consumer = {"resource": "pods", "name": "p", "uid": "u"}
    good = status(allocation=allocation, reservedFor=[consumer], devices=[DEVICE])
    begins(validate_claim_status(good, CLAIM), [])
    begins(validate_claim_status(status(reservedFor=[consumer, {"uid": "u"}]), CLAIM), [
        "status.reservedFor[1].resource: Required value", "status.reservedFor[1].name: Required value",
        'status.reservedFor[1]: Duplicate value: "u"', "status.reservedFor: Forbidden: may not be specified when",
    ])
    other = {**DEVICE, "device": "y", "shareID": "A", "networkData": {"ips": ["1.2.3.4"]}, "data": []}
    begins(validate_claim_status(status(allocation=allocation, devices=[other]), CLAIM), [
        'status.devices[0].shareID: Invalid value: "A": error validating uid: invalid UUID length: 1',
        'status.devices[0]: Invalid value: {"Driver":"d","Pool":"p","Device":"y","ShareID":"A"}: must be an allocated',
        'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
        'status.devices[0].networkData.ips[0]: Invalid value: "1.2.3.4": must be a valid address in CIDR form',
    ])
    begins(validate_claim_status(status(allocation=allocation, devices=[DEVICE, DEVICE]), CLAIM), [
        'status.devices[1]: Duplicate value: {"Driver":"d","Pool":"p","Device":"x","ShareID":""}',
    ])
    begins(validate_claim_status(status(allocation={"devices": {}}), good), ['status.allocation: Invalid value: {"Dev'])
    deleted = {**good, "metadata": {"deletionTimestamp": "t"}}
    begins(validate_claim_status(deleted, status(allocation=allocation)), ["status.reservedFor: Forbidden: new"])
    odd = {**RESULT, "request": "r/s/t", "bindingConditions": ["a", "a"]}
    begins(validate_claim_status(status(allocation={"devices": {"results": [odd], "config": [{}]}}), CLAIM), [
        'status.allocation.devices.results[0].request: Invalid value: "r/s/t"',
        'status.allocation.devices.results[0].bindingConditions[1]: Duplicate value: "a"',
        "status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions",
        "status.allocation.devices.config[0].source: Required value",
        "status.allocation.devices.config[0].opaque: Required value",
    ])


SLICE: dict[str, Any] = {"spec": {
    "driver": "d", "nodeName": "n", "pool": {"name": "p", "resourceSliceCount": 1, "generation": 0},
    "devices": [{"name": "x", "attributes": {"a": {"int": 1}}, "capacity": {"m": {"value": "4Gi"}}}],
}}
FIRST, DEV = "spec.devices.0", "spec.devices[0]"


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.driver", "", ["spec.driver: Required value"]),
    ("spec.pool", {"name": "a/B", "generation": -1}, [
        'spec.pool.name: Invalid value: "B"', "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than",
        "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
    ]),
    ("spec.nodeName", ABSENT, ["spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`"]),
    ("spec.nodeName", "", ['spec.nodeName: Invalid value: "": must be either unset', "spec: Required value"]),
    ("spec", {**SLICE["spec"], "nodeName": None, "nodeSelector": {"nodeSelectorTerms": [{}, {}]}}, [
        'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{"MatchExpressions":null,"MatchFields":null},{"MatchExpr',
    ]),
    ("spec.allNodes", True, ['spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of']),
    ("spec.sharedCounters", [{"name": "s"}], [
        'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        "spec.sharedCounters[0].counters: Required value",
    ]),
    (f"{FIRST}.name", "A", [f'{DEV}.name: Invalid value: "A"']),
    ("spec.devices.1", {"name": "x"}, ['spec.devices[1]: Duplicate value: "x"']),
    (f"{FIRST}.attributes", {"a b": {"int": 1}}, [f'{DEV}.attributes: Invalid value: "a b": a valid C identifier']),
    (f"{FIRST}.attributes.a", {}, [f'{DEV}.attributes[a]: Invalid value: "": exactly one value must be specified']),
    (f"{FIRST}.attributes.a", {"version": "1"}, [f'{DEV}.attributes[a].version: Invalid value: "1": must be a string']),
    (f"{FIRST}.attributes", {f"a{i}": {"int": 1} for i in range(32)}, [f"{DEV}: Invalid value: 33: the total number"]),
    (f"{FIRST}.capacity.m.requestPolicy", {}, [f"{DEV}.capacity[m].requestPolicy: Forbidden: allowMultiple"]),
    (f"{FIRST}.taints", [{"key": "k", "effect": "Odd"}], [f'{DEV}.taints[0].effect: Unsupported value: "Odd"']),
    (f"{FIRST}.consumesCounters", [{"counterSet": "s"}], [f"{DEV}.consumesCounters[0].counters: Required value"]),
    (f"{FIRST}.allNodes", True, [f"{DEV}: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be"]),
    (f"{FIRST}.nodeAllocatableResourceMappings", {"a.b/c": {"capacityKey": "x"}}, [
        f'{DEV}.nodeAllocatableResourceMappings[a.b/c]: Invalid value: "a.b/c": must be a node allocatable resource',
        f'{DEV}.nodeAllocatableResourceMappings[a.b/c].capacityKey: Not found: "x"',
    ]),
])
def test_slices(path: str, value: Any, expected: list[str]) -> None:
    begins(validate_slice(edited(SLICE, path, value)), expected)


@pytest.mark.parametrize(("policy", "expected"), [
    ({"default": "1Gi", "validValues": ["1Gi", "2Gi"]}, []),
    ({"validValues": ["1Gi"]}, ["default: Required value: required when validValues is defined"]),
    ({"default": "3Gi", "validValues": ["5Gi", "1Gi"]}, [
        'validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order',
        'validValues[0]: Invalid value: "5Gi": option is larger than capacity value: 4Gi',
        'validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy',
    ]),
    ({"default": "1", "validRange": {"min": "1", "max": "4", "step": "2"}}, [
        'validRange.step: Invalid value: "4": value is not a multiple of a given step (2) from (1)'
    ]),
    ({"default": "1", "validRange": {"min": "1", "step": "0"}}, ['validRange.step: Invalid value: "1": value is not']),
    ({"default": "9Gi", "validRange": {"min": "5Gi", "max": "2Gi"}}, [
        'validRange.min: Invalid value: "5Gi": min is larger than capacity value: 4Gi',
        'validRange.max: Invalid value: "5Gi": min is larger than max: 2Gi',
        'validRange.max: Invalid value: "9Gi": default is more than max: 2Gi',
    ]),
    ({"default": "1", "validRange": {}}, ["validRange.min: Required value: required when validRange is defined"]),
])
def test_request_policies(policy: dict[str, Any], expected: list[str]) -> None:
    shared = edited(SLICE, f"{FIRST}.allowMultipleAllocations", True)
    shared = edited(shared, f"{FIRST}.capacity.m.requestPolicy", policy)
    begins(validate_slice(shared), [f"{DEV}.capacity[m].requestPolicy.{text}" for text in expected])


def test_slices_stay_where_they_are() -> None:
    begins(validate_slice(edited(SLICE, "spec.nodeName", "m"), SLICE), ['spec.nodeName: Invalid value: "m": field is'])
    begins(validate_slice(edited(SLICE, "spec.pool.name", "q"), SLICE), ['spec.pool.name: Invalid value: "q": field'])


def test_devices_that_choose_their_nodes() -> None:
    each = edited(edited(SLICE, "spec.nodeName", ABSENT), "spec.perDeviceNodeSelection", True)
    begins(validate_slice(each), [f"{DEV}: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes`"])
    begins(validate_slice(edited(each, f"{FIRST}.allNodes", True)), [])


def test_names() -> None:
    begins(pool_name("a/b"), [])
    begins(qualified_name("a/b/c"), [])
    begins(qualified_name("/"), [': Invalid value: "": the domain must not', ': Invalid value: "": the name must not'])
    begins(fully_qualified_name("a"), [': Invalid value: "a": a fully qualified name must be a domain and a name'])
    begins(normal_uid("1b4e28ba-2fa1-11d2-883f-0016d3cca427"), [])
    begins(normal_uid("1B4E28BA-2FA1-11D2-883F-0016D3CCA427"), [': Invalid value: "1B4E28BA'])
    long = "a" * 40
    begins(limited_map({long: 1}, -1, 16, lambda key: (), lambda value: pool_name("")), ["[aaaaaaa...aaaaaa]: "])
