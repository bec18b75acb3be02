"""The facts that serving reads of a stored definition."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pilothouse.apiextensions.definition import Definition, Scale, read
from pilothouse.storage.interface import Item


def _read(*versions: dict[str, Any], status: dict[str, Any] | None = None, **spec: Any) -> Definition:
    names = {"plural": "widgets", "kind": "Widget"}
    obj = {
        "metadata": {"name": "widgets.example.com", "uid": "u"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions, **spec},
        "status": status or {},
    }
    return read(Item("/k", 1, orjson.dumps(obj), {}, {}))


def test_facts() -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    accepted = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    found = _read(
        {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}, "scale": scale},
         "selectableFields": [{"jsonPath": ".spec.color"}]},
        {"name": "v2", "served": False, "storage": False},
        status={"acceptedNames": accepted, "conditions": [{"type": "NamesAccepted", "status": "True"}]},
    )
    assert (found.plural, found.namespaced, found.storage_version) == ("widgets", True, "v1")
    assert found.accepted and not found.established and not found.settled and not found.webhook
    v1 = found.version("v1")
    assert v1 is not None and v1.has_status and v1.selectable == (".spec.color",)
    assert v1.scale == Scale(".spec.replicas", ".status.replicas")
    assert found.version("v3") is None
    assert found.version_spec("v2")["name"] == "v2"
    with pytest.raises(LookupError):
        found.version_spec("v3")


def test_only_what_is_served_counts_for_the_shape() -> None:
    version = {"name": "v1", "served": True, "storage": True}
    first = _read(version)
    assert first.shape == _read(version, status={"conditions": [{"type": "Established", "status": "True"}]}).shape
    assert first.shape != _read({**version, "served": False}).shape
    assert first.shape != _read(version, status={"acceptedNames": {"plural": "widgets"}}).shape


@pytest.mark.parametrize(("versions", "warning"), [
    (["v1"], "example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"),
    (["v1", "v2"], "example.com/v1beta1 Widget is deprecated; use example.com/v2 Widget"),
    (["v1alpha1"], "example.com/v1beta1 Widget is deprecated"),
    ([], "example.com/v1beta1 Widget is deprecated"),
])
def test_deprecated_versions_name_a_better_one(versions: list[str], warning: str) -> None:
    others = [{"name": name, "served": True, "storage": False} for name in versions]
    old = {"name": "v1beta1", "served": True, "storage": True, "deprecated": True}
    found = _read(old, *others).version("v1beta1")
    assert found is not None and found.warning == warning
    own = _read({**old, "deprecationWarning": "go away"}).version("v1beta1")
    assert own is not None and own.warning == "go away"
