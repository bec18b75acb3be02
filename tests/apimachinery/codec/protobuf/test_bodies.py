"""Request bodies in protobuf, read by `ObjectDecoder`."""

import pytest

from pilothouse.apimachinery.codec.decode_object import STRICT, ObjectDecoder
from pilothouse.apimachinery.codec.protobuf import MAX_DEPTH, encoder, envelope
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type
from pilothouse.apimachinery.status import StatusError

PROTOBUF = "application/vnd.kubernetes.protobuf"
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
DEFINITION = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
DATA = b"\x12\x06\x0a\x01k\x12\x01v"


def sealed(kind: str, api_version: str, message: bytes = DATA) -> bytes:
    return envelope.seal(envelope.head(kind, api_version), message)


def refused(data: bytes, gvk: GroupVersionKind = CONFIG_MAP, type: Type | None = None) -> str:
    with pytest.raises(StatusError) as e:
        ObjectDecoder(gvk, f"core.{gvk.kind}", type=type).decode(data, PROTOBUF)
    assert e.value.code == 400
    return e.value.message


@pytest.mark.parametrize(("kind", "api_version"), [
    ("ConfigMap", "v1"), ("", ""), ("", "v1"), ("ConfigMap", ""), ("ConfigMap", "a/b/c"), ("ConfigMap", "apps/"),
])
def test_what_the_envelope_does_not_say_is_the_endpoints(kind: str, api_version: str) -> None:
    decoded = ObjectDecoder(CONFIG_MAP, "core.ConfigMap").decode(sealed(kind, api_version), PROTOBUF, STRICT)
    assert decoded.obj == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}, "data": {"k": "v"}}
    assert decoded.gvk == CONFIG_MAP
    assert decoded.warnings == []


@pytest.mark.parametrize(("data", "message"), [
    (b"", "the object provided is unrecognized (must be of type ConfigMap): empty data (<empty>)"),
    (b"k8s\x00", "the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)"),
    (sealed("Thing", "v1"), 'Thing in version "v1" cannot be handled as a ConfigMap: no kind "Thing" is registered for '
     'version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
    (sealed("Secret", "v1"), 'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to '
     "(core.ConfigMap): unknown conversion"),
    (sealed("ConfigMap", "v1", b"\x0a\x05"), 'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected '
     "EOF"),
])
def test_words_of_refusal(data: bytes, message: str) -> None:
    assert refused(data) == message


def test_custom_resources_have_no_messages() -> None:
    type = Type(model.STRUCT)
    metadata = catalog.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
    assert metadata is not None
    type.fields = {"metadata": Field("metadata", metadata)}
    gvk = GroupVersionKind("example.org", "v1", "Thing")
    assert refused(sealed("Thing", "example.org/v1"), gvk, type) == (
        'Thing in version "v1" cannot be handled as a Thing: object *unstructured.Unstructured does not implement the '
        "protobuf marshalling interface and cannot be encoded to a protobuf message"
    )


def nested(schemas: int, lists: int) -> bytes:
    """A definition whose schema has schemas in schemas, and a default of lists in lists."""
    default: object = 0
    for _ in range(lists):
        default = [default]
    schema: dict[str, object] = {"default": default}
    for _ in range(schemas):
        schema = {"properties": {"a": schema}}
    type = catalog.type_for(DEFINITION)
    assert type is not None
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}
    return sealed("CustomResourceDefinition", "apiextensions.k8s.io/v1", encoder(type)(obj))


@pytest.mark.parametrize(("schemas", "lists"), [(MAX_DEPTH, 0), (0, 239), (60, 180)])
def test_deep_nesting_is_refused(schemas: int, lists: int) -> None:
    assert "exceeded max depth" in refused(nested(schemas, lists), DEFINITION)


def test_some_nesting_is_not() -> None:
    ObjectDecoder(DEFINITION, "apiextensions.CustomResourceDefinition").decode(nested(60, 60), PROTOBUF)
