import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.decode import DecodeError, decoder, zero
from pilothouse.apimachinery.schema.model import Type


def decode(kind: str, value: Any, unknown: list[str] | None = None, group: str = "", version: str = "v1") -> Any:
    type = catalog.type_for(GroupVersionKind(group, version, kind))
    assert type is not None
    return decoder(type)(value, unknown)


def in_order(value: Any) -> Any:
    """Dicts as lists of pairs, so that equality sees order."""
    if isinstance(value, dict):
        return [(k, in_order(v)) for k, v in value.items()]
    return [in_order(v) for v in value] if isinstance(value, list) else value


def test_fields_come_in_gos_order_and_map_keys_sorted() -> None:
    got = decode("ConfigMap", {"data": {"b": "1", "a": "2"}, "metadata": {"namespace": "n", "name": "x"}, "kind": "K"})
    expected = {"kind": "K", "metadata": {"name": "x", "namespace": "n"}, "data": {"a": "2", "b": "1"}}
    assert in_order(got) == in_order(expected)


def test_the_value_is_not_changed() -> None:
    value = {"data": {"b": "1", "a": "2"}, "metadata": {"creationTimestamp": "2020-01-01T00:00:00+01:00"}}
    before = copy.deepcopy(value)
    decode("ConfigMap", value)
    assert in_order(value) == in_order(before)


def test_zero_values_are_written_as_go_writes_them() -> None:
    assert decode("Deployment", {}, group="apps") == {
        "metadata": {},
        "spec": {
            "selector": None,
            "template": {"metadata": {}, "spec": {"containers": None}},
            "strategy": {},
        },
        "status": {},
    }
    assert decode("ControllerRevision", {}, group="apps") == {"metadata": {}, "data": None, "revision": 0}
    assert decode("Event", {})["lastTimestamp"] is None
    assert decode("Role", {"rules": []}, group="rbac.authorization.k8s.io")["rules"] is None


def test_empty_lists_are_kept_on_demand_until_an_object_is_stored() -> None:
    role = catalog.type_for(GroupVersionKind("rbac.authorization.k8s.io", "v1", "Role"))
    assert role is not None
    value = {"rules": [], "metadata": {"finalizers": [], "labels": {}}}
    assert decoder(role, keep_empty=True)(value, None) == {"metadata": {}, "rules": []}
    assert decoder(role)(value, None) == {"metadata": {}, "rules": None}


def test_omitempty_loses_zeros_but_pointers_keep_them() -> None:
    spec = decode("Pod", {"spec": {"containers": [], "hostNetwork": False, "terminationGracePeriodSeconds": 0}})["spec"]
    assert spec == {"containers": None, "terminationGracePeriodSeconds": 0}
    pod = decode("Pod", {"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {}}})
    assert pod["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert "nodeSelector" not in pod["spec"]


def test_null_is_the_zero_value_everywhere() -> None:
    assert decode("ConfigMap", None) == {"metadata": {}}
    assert decode("ConfigMap", {"metadata": None, "data": {"a": None}}) == {"metadata": {}, "data": {"a": ""}}
    assert decode("Secret", {"data": {"a": None}})["data"] == {"a": ""}
    assert decode("Pod", {"spec": {"containers": [None]}})["spec"]["containers"] == [{"name": "", "resources": {}}]


def test_scalars_are_canonical() -> None:
    resources = {"limits": {"memory": "1024Mi", "cpu": 0.5, "x": 1000}}
    container = decode("Pod", {"spec": {"containers": [{"resources": resources}]}})["spec"]["containers"][0]
    assert container["resources"] == {"limits": {"cpu": "500m", "memory": "1Gi", "x": "1k"}}
    lease = decode("Lease", {"spec": {"renewTime": "2020-01-01T01:00:00.123456+01:00"}}, group="coordination.k8s.io")
    assert lease["spec"]["renewTime"] == "2020-01-01T00:00:00.123456Z"
    meta = decode("ConfigMap", {"metadata": {"creationTimestamp": "2020-01-01T01:00:00.9+01:00"}})["metadata"]
    assert meta == {"creationTimestamp": "2020-01-01T00:00:00Z"}
    assert decode("ConfigMap", {"metadata": {"creationTimestamp": "0001-01-01T00:00:00Z"}}) == {"metadata": {}}
    assert decode("Secret", {"data": {"a": "aGFs\nbG8="}})["data"] == {"a": "aGFsbG8="}
    assert decode("Service", {"spec": {"ports": [{"port": 1, "targetPort": "x"}]}})["spec"]["ports"] == [
        {"port": 1, "targetPort": "x"}
    ]


def test_raw_values_stay_as_they_are() -> None:
    data = {"z": [], "a": {"y": None}}
    assert in_order(decode("ControllerRevision", {"data": data}, group="apps")["data"]) == in_order(data)


def test_json_schema_unions() -> None:
    schema: dict[str, Any] = {"type": "object", "items": {"type": "string"}, "dependencies": {"a": ["b"]}}
    schema["additionalProperties"] = False
    crd = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}
    got = decode("CustomResourceDefinition", crd, group="apiextensions.k8s.io")
    assert got["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == schema
    schema["additionalProperties"] = "x"
    with pytest.raises(DecodeError, match="boolean or JSON schema expected"):
        decode("CustomResourceDefinition", crd, group="apiextensions.k8s.io")


def test_unknown_fields_are_named_in_document_order() -> None:
    unknown: list[str] = []
    pod = {"spec": {"containers": [{"imagepullPolicy": 1, "resources": {"request": {}}}], "nodename": "x"}, "odd": 1}
    got = decode("Pod", pod, unknown)
    assert unknown == [
        'unknown field "spec.containers[0].imagepullPolicy"',
        'unknown field "spec.containers[0].resources.request"',
        'unknown field "spec.nodename"',
        'unknown field "odd"',
    ]
    assert "odd" not in got


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ([], "json: cannot unmarshal array into Go value of type v1.Pod"),
        (
            {"metadata": {"name": 5}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            {"spec": {"containers": [{"ports": {}}]}},
            "json: cannot unmarshal object into Go struct field Container.spec.containers.ports of type "
            "[]v1.ContainerPort",
        ),
        (
            {"metadata": {"labels": {"a": True}}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            {"spec": {"activeDeadlineSeconds": 1.5}},
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64",
        ),
        (
            {"spec": {"priority": 2**31}},
            "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            {"spec": {"hostPID": "yes"}},
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostPID of type bool",
        ),
        (
            {"spec": {"restartPolicy": 1}},
            "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
        ),
        (
            {"metadata": {"creationTimestamp": "x"}},
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
        (
            {"metadata": {"creationTimestamp": "2020-13-01T00:00:00Z"}},
            'parsing time "2020-13-01T00:00:00Z": month out of range',
        ),
    ],
)
def test_type_errors_are_worded_as_in_go(pod: Any, message: str) -> None:
    with pytest.raises(DecodeError) as e:
        decode("Pod", pod)
    assert str(e.value) == message


def test_illegal_base64() -> None:
    with pytest.raises(DecodeError, match="illegal base64 data at input byte 3"):
        decode("Secret", {"data": {"a": "abc!"}})


def test_zero_of_a_type() -> None:
    meta = catalog.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
    assert meta is not None
    assert zero(meta) == {}


_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    model.STRING: st.text(max_size=5),
    model.BOOL: st.booleans(),
    model.INT32: st.integers(-(2**31), 2**31 - 1),
    model.INT64: st.integers(-(2**63), 2**63 - 1),
    model.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    model.BYTES: st.sampled_from(["", "YQ==", "aGFsbG8="]),
    model.QUANTITY: st.sampled_from(["0", "1", "1500m", "1024Mi", 5, 0.5]),
    model.INT_OR_STRING: st.one_of(st.integers(0, 9), st.text(max_size=3)),
    model.TIME: st.sampled_from(["2020-01-01T00:00:00Z", "2020-06-01T01:00:00.5+02:00"]),
    model.MICRO_TIME: st.just("2020-01-01T00:00:00.123456Z"),
    model.RAW: st.recursive(st.none() | st.integers(), lambda s: st.dictionaries(st.text(max_size=2), s, max_size=2)),
}


def values(type: Type, depth: int) -> st.SearchStrategy[Any]:
    """Values that `type` holds, null included."""
    if depth == 0:
        return st.none()
    if type.items is not None and type.kind == model.LIST:
        return st.none() | st.lists(values(type.items, depth - 1), max_size=2)
    if type.values is not None:
        return st.none() | st.dictionaries(st.text(max_size=3), values(type.values, depth - 1), max_size=2)
    if type.kind == model.STRUCT:
        fields = {name: values(f.type, depth - 1) for name, f in type.fields.items()}
        return st.none() | st.fixed_dictionaries({}, optional=fields)
    return st.none() | _SCALARS.get(type.format, st.none())


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False) | st.text(max_size=4)
    | st.sampled_from(["1Gi", "2020-01-01T00:00:00Z", "YQ=="]),
    lambda s: st.lists(s, max_size=2)
    | st.dictionaries(
        st.sampled_from(["metadata", "spec", "status", "data", "name", "labels", "containers", "ports", "resources",
                         "limits", "template", "creationTimestamp", "items"]),
        s, max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.parametrize(("group", "kind"), [("", "Pod"), ("", "Secret"), ("apps", "Deployment"), ("", "Event")])
@settings(deadline=None)
@given(value=_ANY)
def test_whatever_comes_is_decoded_or_a_decode_error(group: str, kind: str, value: Any) -> None:
    try:
        decode(kind, value, [], group)
    except DecodeError as e:
        assert str(e)


@pytest.mark.parametrize("kind", ["Service", "Node", "PersistentVolumeClaim"])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_what_was_decoded_decodes_to_itself(kind: str, data: st.DataObject) -> None:
    type = catalog.type_for(GroupVersionKind("", "v1", kind))
    assert type is not None
    unknown: list[str] = []
    once = decoder(type)(data.draw(values(type, 4)), unknown)
    assert not unknown
    assert in_order(decoder(type)(once, unknown)) == in_order(once)


def test_empty_lists_that_are_told_from_absent_ones() -> None:
    type = catalog.type_for(GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"))
    assert type is not None
    hpa = {"spec": {"behavior": {"scaleUp": {"policies": []}}, "metrics": []}}
    kept = decoder(type, keep_empty=True)(hpa, None)["spec"]
    assert kept["behavior"] == {"scaleUp": {"policies": []}}
    assert "metrics" not in kept
    assert decoder(type)(hpa, None)["spec"]["behavior"] == {"scaleUp": {}}


def test_an_empty_map_that_an_error_shows() -> None:
    type = catalog.type_for(GroupVersionKind("", "v1", "PersistentVolume"))
    assert type is not None
    volume = {"spec": {"capacity": {}, "accessModes": []}}
    assert decoder(type, keep_empty=True)(volume, None)["spec"] == {"capacity": {}}
    assert decoder(type)(volume, None)["spec"] == {}


def test_a_value_that_does_not_fit_is_found_at_once_however_deep_it_stands() -> None:
    """Each struct of a shape that is met often is decoded by a function of its own, and by the general one for the
    words of an error: not both at every level."""
    schema = catalog.type_named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    assert schema is not None
    decode = decoder(schema)

    def nested(leaf: Any) -> Any:
        value = leaf
        for _ in range(60):
            value = {"type": "object", "properties": {"a": value}}
        return value

    for _ in range(5):
        decode(nested({"type": "string"}))
    with pytest.raises(DecodeError, match=r"properties\.properties\.type of type string"):
        decode(nested({"type": 5}))
