"""Random values of the types of `apimachinery.schema`, and random changes to objects.

Half of what is made fits its type and is plausible, the rest is what clients get wrong. Everything is drawn from
one `random.Random`, so that a seed says it all.
"""

from random import Random
from typing import Any, Final

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.model import Type

_LONG: Final = "9" * 5000
_TEXTS: Final = (
    "", "x", "a", "b", "web", "A_b", "a.b", "example.com", "example.com/x", "k8s.io/x", "-", "a-", "x" * 64, "x" * 300,
    "ü", "\u2028<&>", "0", "1", "-1", "http", "/", "/data", "../x", "a//b", "*", "*.example.com", "true", "nil",
    "192.0.2.1", "10.0.0.300", "::1", "2001:db8::/32", "10.0.0.0/8", "10.0.0.1/8", "2020-01-02T03:04:05Z", "$(X)", "{}",
    "self.x == 1", "https://example.com", "file:///x", "sha256:0", "a=b", "a in (b)", "\x00", "cpu", "memory",
    "requests.cpu", "limits.memory", "hugepages-2Mi", "pods", "services", "metadata.name", "metadata.labels['a']",
    "status.podIP", "v1", "apps/v1", "a/b/c", "kubernetes.io/x", "node.kubernetes.io/unreachable", _LONG,
)  # fmt: skip
_ENUMS: Final = (
    "Always", "Never", "OnFailure", "IfNotPresent", "ClusterFirst", "Default", "None", "ClusterIP", "NodePort",
    "LoadBalancer", "ExternalName", "Cluster", "Local", "SingleStack", "PreferDualStack", "RequireDualStack", "IPv4",
    "IPv6", "TCP", "UDP", "SCTP", "RollingUpdate", "Recreate", "OnDelete", "Retain", "Delete", "ReadWriteOnce",
    "ReadOnlyMany", "ReadWriteOncePod", "Filesystem", "Block", "Immediate", "WaitForFirstConsumer", "NoSchedule",
    "NoExecute", "Exists", "Equal", "In", "NotIn", "DoesNotExist", "Gt", "Lt", "Honor", "Ignore", "Fail",
    "ScheduleAnyway", "DoNotSchedule", "Opaque", "kubernetes.io/tls", "Bidirectional", "HostToContainer", "Unmasked",
    "RuntimeDefault", "Localhost", "Unconfined", "linux", "windows", "NonIndexed", "Indexed", "Allow", "Forbid",
    "Replace", "Directory", "Socket", "Exact", "Prefix", "Ingress", "Egress", "Pod", "Container", "Resource", "Object",
    "Pods", "External", "ContainerResource", "Utilization", "AverageValue", "Value", "Limited", "Exempt", "Queue",
    "Reject", "User", "Group", "ServiceAccount", "Namespaced", "Cluster", "FQDN", "ExactCount", "All", "Guaranteed",
)  # fmt: skip
_NUMBERS: Final = (
    0, 1, 2, 3, 10, 80, 100, 443, 65535, 65536, -1, -(2**31), 2**31 - 1, 2**31, 2**53, 2**63 - 1, -(2**63), 3600,
)
_QUANTITIES: Final = (
    "0", "1", "100m", "1Gi", "2Gi", "1k", "1.5", "0.1n", "-1", "1e3", "9999999999999999999", "1Ei", "x", "", "1 Gi",
    "1E", "1e" + _LONG, _LONG,
)
_TIMES: Final = (
    "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.123456Z", "2020-01-02T03:04:05+02:00", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "2020-13-01T00:00:00Z", "x", "",
)
_DURATIONS: Final = ("0s", "5s", "1h30m", "-1s", "1d", "", "10000000000h", _LONG + "s")
_ANYTHING: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 2**70, "", "x", [], {}, [None], {"a": None}, {"": {}}, [[]], [{}], "2020",
)  # fmt: skip
_DEPTH: Final = 6


def value(rng: Random, type: Type, depth: int = 0) -> Any:
    """A value of `type`, or now and then something else."""
    if rng.random() < 0.02:
        return rng.choice(_ANYTHING)
    match type.kind:
        case model.STRUCT:
            return _struct(rng, type, depth)
        case model.LIST if type.items is not None:
            items = [value(rng, type.items, depth + 1) for _ in range(_few(rng, depth))]
            return items + items[:1] if rng.random() < 0.1 else items
        case model.MAP if type.values is not None:
            return {_text(rng): value(rng, type.values, depth + 1) for _ in range(_few(rng, depth))}
    return _scalar(rng, type)


def _few(rng: Random, depth: int) -> int:
    return 0 if depth > _DEPTH else rng.choice((0, 1, 1, 2))


def _struct(rng: Random, type: Type, depth: int) -> dict[str, Any]:
    share = 0.6 / (1 + depth)
    return {
        field.name: value(rng, field.type, depth + 1) for field in type.fields.values()
        if depth <= _DEPTH and rng.random() < (0.9 if field.required else share)
    }


def _text(rng: Random) -> str:
    return rng.choice(_TEXTS)


def _scalar(rng: Random, type: Type) -> Any:
    match type.format:
        case model.STRING:
            if type.enum and rng.random() < 0.8:
                return rng.choice(type.enum)
            return rng.choice(_ENUMS) if rng.random() < 0.3 else _text(rng)
        case model.BOOL:
            return rng.random() < 0.5
        case model.INT32 | model.INT64:
            return rng.choice(_NUMBERS)
        case model.DOUBLE:
            return rng.choice((0, 1, -1.5, 1e300, 0.1))
        case model.BYTES:
            return rng.choice(("", "AAEC", "A", "AA==", "e30="))
        case model.QUANTITY:
            return rng.choice((*_QUANTITIES, 1, 1.5))
        case model.INT_OR_STRING:
            return rng.choice(
                (0, 1, -1, 80, 65536, 2**31, "http", "25%", "101%", "-1%", "0%", "x", "", "%", _LONG + "%", _LONG)
            )
        case model.TIME | model.MICRO_TIME:
            return rng.choice(_TIMES)
        case model.DURATION:
            return rng.choice(_DURATIONS)
        case model.SCHEMA_OR_ARRAY | model.SCHEMA_OR_BOOL | model.SCHEMA_OR_STRINGS:
            return rng.choice(({"type": "string"}, [{"type": "object"}], True, ["a"], None, 1))
    return rng.choice((*_ANYTHING, {"kind": "X", "apiVersion": "v1", "x": [1, {"y": None}]}))


def mutate(rng: Random, type: Type, obj: Any) -> Any:
    """A changed copy of `obj`, which is of `type`: one change somewhere in it."""
    if isinstance(obj, dict) and obj and rng.random() < 0.8:
        name = rng.choice(list(obj))
        child = _child(type, name)
        if name in ("kind", "apiVersion") and rng.random() < 0.95:
            return obj
        if child is None:
            return _changed_dict(rng, type, obj)
        return {**obj, name: mutate(rng, child, obj[name])}
    if isinstance(obj, list) and obj and type.items is not None and rng.random() < 0.8:
        at = rng.randrange(len(obj))
        if rng.random() < 0.2:
            return [*obj, obj[at]] if rng.random() < 0.5 else obj[:at] + obj[at + 1 :]
        return [*obj[:at], mutate(rng, type.items, obj[at]), *obj[at + 1 :]]
    if isinstance(obj, dict):
        return _changed_dict(rng, type, obj)
    return value(rng, type)


def _changed_dict(rng: Random, type: Type, obj: dict[str, Any]) -> dict[str, Any]:
    out = dict(obj)
    action = rng.random()
    if action < 0.15 and out:
        del out[rng.choice(list(out))]
    elif action < 0.2:
        out[_text(rng)] = rng.choice(_ANYTHING)
    elif type.kind == model.STRUCT and type.fields:
        field = rng.choice(list(type.fields.values()))
        out[field.name] = value(rng, field.type)
    elif type.values is not None:
        out[_text(rng)] = value(rng, type.values)
    return out


def _child(type: Type, name: str) -> Type | None:
    if type.kind == model.MAP:
        return type.values
    field = type.fields.get(name)
    return None if field is None else field.type
