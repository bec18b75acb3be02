from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.metachecks import BOTH, CREATE, CREATE_FIRST, UPDATE, repeated, wants_qualified_finalizers


def test_repeated() -> None:
    assert repeated(GroupResource("", "configmaps"), of_status=False) == BOTH
    assert repeated(GroupResource("apps", "deployments"), of_status=False) == UPDATE
    assert repeated(GroupResource("discovery.k8s.io", "endpointslices"), of_status=False) == CREATE
    assert repeated(GroupResource("", "events"), of_status=False) == ()
    assert repeated(GroupResource("events.k8s.io", "events"), of_status=False) == UPDATE
    assert repeated(GroupResource("networking.k8s.io", "ipaddresses"), of_status=False) == CREATE_FIRST
    assert repeated(GroupResource("", "configmaps"), of_status=True) == UPDATE
    assert repeated(GroupResource("policy", "poddisruptionbudgets"), of_status=True) == ()
    assert repeated(GroupResource("storage.k8s.io", "volumeattachments"), of_status=True) == CREATE


def test_finalizers() -> None:
    assert wants_qualified_finalizers(GroupResource("", "configmaps"))
    assert not wants_qualified_finalizers(GroupResource("coordination.k8s.io", "leases"))
    assert not wants_qualified_finalizers(GroupResource("policy", "poddisruptionbudgets"))
