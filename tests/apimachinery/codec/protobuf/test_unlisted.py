"""Kinds that OpenAPI does not name."""

from typing import Any

import pytest

from pilothouse.apimachinery.codec.protobuf import decoder, encoder
from pilothouse.apimachinery.codec.protobuf.unlisted import partial_list_numbers, unlisted_type
from pilothouse.apimachinery.gvk import GroupVersionKind


def there_and_back(gvk: GroupVersionKind, obj: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    type = unlisted_type(gvk)
    assert type is not None
    message = encoder(type)(obj)
    return message, decoder(type)(message)


def test_metadata_alone() -> None:
    message, found = there_and_back(
        GroupVersionKind("meta.k8s.io", "v1", "PartialObjectMetadata"), {"metadata": {"name": "a"}}
    )
    assert message.startswith(b"\x0a\x11\x0a\x01a")
    assert found["metadata"]["name"] == "a"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_lists_of_metadata(version: str) -> None:
    gvk = GroupVersionKind("meta.k8s.io", version, "PartialObjectMetadataList")
    message, found = there_and_back(gvk, {"metadata": {"resourceVersion": "5"}, "items": [{"metadata": {}}]})
    assert (message[0] >> 3, found["metadata"]["resourceVersion"], len(found["items"])) == (1, "5", 1)
    assert partial_list_numbers(version) == ((1, 2) if version == "v1" else (2, 1))


def test_aggregated_discovery() -> None:
    resource = {
        "resource": "pods", "responseKind": {"group": "g", "version": "v1", "kind": "Pod"}, "scope": "Namespaced",
        "singularResource": "pod", "verbs": ["get"], "shortNames": ["po"],
        "subresources": [{"subresource": "status", "verbs": ["get"]}],
    }
    versions = [{"version": "v1", "resources": [resource], "freshness": "Current"}]
    _, found = there_and_back(
        GroupVersionKind("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList"), {"items": [{"versions": versions}]}
    )
    assert found["items"][0]["versions"] == versions


def test_no_other_kinds() -> None:
    assert unlisted_type(GroupVersionKind("meta.k8s.io", "v1", "Table")) is None
