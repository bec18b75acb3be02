"""Whole objects in protobuf."""

import pytest

from pilothouse.apimachinery.codec.protobuf import open_envelope
from pilothouse.apimachinery.codec.protobuf.kinds import message_type, sealed
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.status import StatusError


def test_kind_and_version_stand_in_the_envelope() -> None:
    found = open_envelope(sealed({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}, "data": {"a": "b"}}))
    assert (found.api_version, found.kind) == ("v1", "ConfigMap")
    assert found.raw.endswith(b"\x12\x06\x0a\x01a\x12\x01b")


def test_errors() -> None:
    found = open_envelope(sealed({"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 404}))
    assert found.raw.hex() == "0a060a0012001a0012001a00220030" + "9403"


def test_a_document_that_does_not_say_its_version() -> None:
    found = open_envelope(sealed({"kind": "APIResourceList", "groupVersion": "v1", "resources": []}))
    assert (found.api_version, found.kind, found.raw) == ("", "APIResourceList", b"\x0a\x02v1")


def test_kinds_without_messages() -> None:
    with pytest.raises(StatusError) as e:
        message_type(GroupVersionKind("example.org", "v1", "Thing"))
    assert (e.value.code, e.value.reason, e.value.message) == (
        406, "NotAcceptable", "object *unstructured.Unstructured does not implement the protobuf marshalling interface "
        "and cannot be encoded to a protobuf message",
    )
