"""resource.k8s.io/v1beta1 objects as v1 ones and back (upstream: pkg/apis/resource/v1beta1/conversion.go).

v1beta1 has the fields of an exact request in the request itself, and those of a device in its `basic`. All functions
change what they get.
"""

from collections.abc import Callable
from typing import Any

from pilothouse.registry.rest import Converter

Object = dict[str, Any]

_V1 = "resource.k8s.io/v1"
_V1BETA1 = "resource.k8s.io/v1beta1"
#: The fields of v1's ExactDeviceRequest, in its order.
_EXACT = ("deviceClassName", "selectors", "allocationMode", "count", "adminAccess", "tolerations", "capacity")
#: Those that count as absent when they are empty; the others are pointers and slices of Go.
_PLAIN = frozenset({"deviceClassName", "allocationMode", "count"})


def _request_to_v1(request: Object) -> None:
    """A request of which nothing is set but its name and its alternatives has no exact part."""
    fields = {name: request.pop(name) for name in _EXACT if name in request}
    exactly = {name: value for name, value in fields.items() if (value if name in _PLAIN else value is not None)}
    if exactly:
        request["exactly"] = {"deviceClassName": "", **exactly}


def _request_from_v1(request: Object) -> None:
    exactly = request.pop("exactly", None) or {}
    alternatives = request.pop("firstAvailable", None)
    request["deviceClassName"] = exactly.get("deviceClassName") or ""
    for name in _EXACT:
        if name in exactly:
            request[name] = exactly[name]
    if alternatives is not None:
        request["firstAvailable"] = alternatives


def _device_to_v1(device: Object) -> None:
    """Empty maps and lists of the basic part do not come over."""
    basic = device.pop("basic", None) or {}
    device.update((name, value) for name, value in basic.items() if value not in ([], {}) or name == "nodeSelector")


def _device_from_v1(device: Object) -> None:
    basic = {name: device.pop(name) for name in [*device] if name != "name"}
    device["basic"] = basic


def _slice(convert_device: Callable[[Object], None]) -> Callable[[Object], None]:
    def convert(resource_slice: Object) -> None:
        spec = resource_slice.get("spec") or {}
        # pointers in v1, plain values in v1beta1
        for name in ("nodeName", "allNodes"):
            if name in spec and not spec[name]:
                del spec[name]
        for device in spec.get("devices") or ():
            convert_device(device)

    return convert


def _claim(convert_request: Callable[[Object], None]) -> Callable[[Object], None]:
    def convert(claim: Object) -> None:
        for request in ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ():
            convert_request(request)

    return convert


def _template(convert_request: Callable[[Object], None]) -> Callable[[Object], None]:
    convert_claim = _claim(convert_request)

    def convert(template: Object) -> None:
        convert_claim(template.get("spec") or {})

    return convert


def _named(convert: Callable[[Object], None], api_version: str) -> Callable[[Object], Object]:
    def named(obj: Object) -> Object:
        convert(obj)
        if "apiVersion" in obj:
            obj["apiVersion"] = api_version
        return obj

    return named


def _converter(to_v1: Callable[[Object], None], from_v1: Callable[[Object], None]) -> Converter:
    return Converter(_named(to_v1, _V1), _named(from_v1, _V1BETA1))


#: By kind, for those whose v1beta1 has another shape.
CONVERTERS = {
    "ResourceClaim": _converter(_claim(_request_to_v1), _claim(_request_from_v1)),
    "ResourceClaimTemplate": _converter(_template(_request_to_v1), _template(_request_from_v1)),
    "ResourceSlice": _converter(_slice(_device_to_v1), _slice(_device_from_v1)),
}
