"""What service account tokens are bound to."""

from collections.abc import Sequence
from typing import Any

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.authentication.serviceaccount import Stored
from pilothouse.controlplane.token_subjects import TokenSubjects


class Objects:
    def __init__(self, metadata: dict[str, Any]) -> None:
        self._metadata = metadata

    def get(self, resource: GroupResource, namespace: str, name: str) -> dict[str, Any] | None:
        found = (resource, namespace, name) == (GroupResource("", "pods"), "default", "one")
        return {"metadata": self._metadata} if found else None

    def list(self, resource: GroupResource, namespace: str = "") -> Sequence[dict[str, Any]]:
        return ()


def test_what_is_stored() -> None:
    living = TokenSubjects(Objects({"uid": "u"}))
    assert living("pods", "default", "one") == Stored("u", None, {"metadata": {"uid": "u"}})
    assert living("pods", "other", "one") is None
    metadata = {"uid": "u", "deletionTimestamp": "1970-01-01T00:01:00Z"}
    assert TokenSubjects(Objects(metadata))("pods", "default", "one") == Stored("u", 60.0, {"metadata": metadata})
