import json as stdlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.codec.decode_object import (
    IGNORE,
    JSON,
    STRICT,
    WARN,
    YAML,
    Decoded,
    ObjectDecoder,
)
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.status import StatusError

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
DUPLICATES = (
    b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d","labels":{"a":"1","a":"2"},"odd":1},'
    b'"data":{"k":"1","k":"2"},"unknown":{"x":1},"data":{"z":"1"}}'
)
COMPLAINTS = [
    'duplicate field "metadata.labels.a"', 'unknown field "metadata.odd"', 'duplicate field "data.k"',
    'unknown field "unknown"', 'duplicate field "data"',
]  # fmt: skip


def decode_object(
    data: bytes, content_type: str | None, gvk: GroupVersionKind, internal_kind: str, validation: str = WARN
) -> Decoded:
    return ObjectDecoder(gvk, internal_kind).decode(data, content_type, validation)


def refused(data: bytes, content_type: str | None = JSON, validation: str = WARN) -> StatusError:
    with pytest.raises(StatusError) as e:
        decode_object(data, content_type, CONFIG_MAP, "core.ConfigMap", validation)
    return e.value


@pytest.mark.parametrize(
    "data",
    [b"{}", b"null", b'{"kind":"ConfigMap"}', b'{"apiVersion":"v1"}', b'{"apiVersion":"v1","kind":"ConfigMap"}',
     b'{"kind":null,"apiVersion":null}'],
)  # fmt: skip
def test_kind_and_version_default_to_the_endpoints(data: bytes) -> None:
    decoded = decode_object(data, JSON, CONFIG_MAP, "core.ConfigMap")
    assert list(decoded.obj.items()) == [("kind", "ConfigMap"), ("apiVersion", "v1"), ("metadata", {})]
    assert decoded.gvk == CONFIG_MAP


@pytest.mark.parametrize("content_type", [None, "", JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_json_content_types(content_type: str | None) -> None:
    assert decode_object(b'{"data":{"a":"b"}}', content_type, CONFIG_MAP, "core.ConfigMap").obj["data"] == {"a": "b"}


@pytest.mark.parametrize(
    ("envelope", "message"),
    [
        (
            b'{"apiVersion":"v1","kind":"Secret"}',
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): '
            "unknown conversion",
        ),
        (
            b'{"apiVersion":"v2","kind":"ConfigMap"}',
            'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version '
            '"v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
        (
            b'{"apiVersion":"v1","kind":"List","items":[]}',
            'List in version "v1" cannot be handled as a ConfigMap: converting (v1.List) to (core.ConfigMap): unknown '
            "conversion",
        ),
        (
            b'{"apiVersion": "a/b/c", "kind": "ConfigMap"}',
            "the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c "
            '({"apiVersion": "a/b/c", "kind" ...)',
        ),
        (
            b'{"kind":5}',
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
            'error: json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})',
        ),
        (
            b"x",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
            "error: invalid character 'x' looking for beginning of value (78)",
        ),
    ],
)
def test_bodies_of_another_kind(envelope: bytes, message: str) -> None:
    error = refused(envelope)
    assert (error.code, error.reason, error.message) == (400, "BadRequest", message)


def test_another_version_of_the_same_kind_is_told_apart_from_another_kind() -> None:
    scaler = GroupVersionKind("autoscaling", "v1", "HorizontalPodAutoscaler")
    body = b'{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler"}'
    with pytest.raises(StatusError) as e:
        decode_object(body, JSON, scaler, "autoscaling.HorizontalPodAutoscaler")
    assert e.value.message == (
        "the API version in the data (autoscaling/v2) does not match the expected API version (autoscaling/v1)"
    )
    lenient = ObjectDecoder(scaler, "autoscaling.HorizontalPodAutoscaler", accepts=(GroupVersion("autoscaling", "v2"),))
    assert lenient.decode(body, JSON).gvk.version == "v2"


def test_field_validation() -> None:
    ignored = decode_object(DUPLICATES, JSON, CONFIG_MAP, "core.ConfigMap", IGNORE)
    assert ignored.warnings == []
    assert ignored.obj["data"] == {"k": "2", "z": "1"}
    assert decode_object(DUPLICATES, JSON, CONFIG_MAP, "core.ConfigMap", WARN).warnings == COMPLAINTS
    assert refused(DUPLICATES, validation=STRICT).message == (
        f'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: {", ".join(COMPLAINTS)}'
    )


def test_field_validation_of_yaml() -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nodd: 1\ndata: {a: b,\n  a: c}\n"
    decoded = decode_object(body, YAML, CONFIG_MAP, "core.ConfigMap", WARN)
    assert decoded.obj["data"] == {"a": "c"}
    assert decoded.warnings == ['line 5: key "a" already set in map', 'unknown field "odd"']
    assert refused(body, YAML, STRICT).message.endswith(
        'strict decoding error: yaml: unmarshal errors:\n  line 5: key "a" already set in map, unknown field "odd"'
    )


def test_a_type_error_comes_before_strictness() -> None:
    assert refused(b'{"odd":1,"data":{"a":true}}', validation=STRICT).message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal bool into Go struct field '
        "ConfigMap.data of type string"
    )


@pytest.mark.parametrize("content_type", ["text/plain", "application/cbor", "odd", ";"])
def test_other_content_types_are_refused(content_type: str) -> None:
    error = refused(b"{}", content_type)
    assert (error.code, error.reason) == (415, "UnsupportedMediaType")
    assert error.message.startswith(
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf"
    )


@given(
    st.binary(max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda s: st.lists(s, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "apiVersion", "metadata", "data", "name", "a/b/c"]), s, max_size=4),
    ).map(lambda value: stdlib.dumps(value).encode()),
    st.sampled_from([JSON, YAML]),
    st.sampled_from([IGNORE, WARN, STRICT]),
)
def test_whatever_comes_is_decoded_or_a_bad_request(data: bytes, content_type: str, validation: str) -> None:
    try:
        decode_object(data, content_type, CONFIG_MAP, "core.ConfigMap", validation)
    except StatusError as e:
        assert e.code == 400


@pytest.mark.parametrize("data", [b"[" * 5000, b'{"a":' * 5000, b'{"metadata":' * 300 + b"1" + b"}" * 300])
def test_deep_nesting_is_a_bad_request(data: bytes) -> None:
    assert refused(data).code == 400
    assert refused(data, YAML).code == 400
