"""Field labels by kind."""

import pytest

from pilothouse.apimachinery.labels import SelectorError
from pilothouse.endpoints.selection import field_labels
from pilothouse.registry.rest import Resource


def resource(kind: str, *, group: str = "", names: tuple[str, ...] = (), namespaced: bool = True) -> Resource:
    return Resource(
        group=group, version="v1", kind=kind, name=f"{kind.lower()}s", singular=kind.lower(), namespaced=namespaced,
        selectable_names=names,
    )


def test_known_labels_and_aliases() -> None:
    pods = field_labels(resource("Pod", names=("spec.nodeName",)))
    assert pods("spec.nodeName", "n") == ("spec.nodeName", "n")
    assert pods("spec.host", "n") == ("spec.nodeName", "n")
    assert pods("metadata.namespace", "n") == ("metadata.namespace", "n")
    events = field_labels(resource("Event", group="events.k8s.io", names=("reason",)))
    assert events("regarding.kind", "Pod") == ("involvedObject.kind", "Pod")


@pytest.mark.parametrize(("kind", "group", "names", "namespaced", "label", "text"), [
    ("ConfigMap", "", (), True, "x", '"x" is not a known field selector: only "metadata.name", "metadata.namespace"'),
    ("Node", "", ("spec.unschedulable",), False, "metadata.namespace", "field label not supported: metadata.namespace"),
    ("Job", "batch", ("status.successful",), True, "x", 'field label "x" not supported for Job'),
    ("ResourceSlice", "resource.k8s.io", ("spec.driver",), False, "x",
     "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x"),
])
def test_unknown_labels(
    kind: str, group: str, names: tuple[str, ...], namespaced: bool, label: str, text: str
) -> None:
    with pytest.raises(SelectorError) as e:
        field_labels(resource(kind, group=group, names=names, namespaced=namespaced))(label, "v")
    assert str(e.value) == text
