from typing import Any

import pytest

from tests.registry.cluster import Cluster, Object, run
from tests.registry.support import NOW_TEXT

CLAIM = "PersistentVolumeClaim"
SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/data"}}


def claim(**spec: Any) -> Object:
    return {"metadata": {"name": "c"}, "spec": {**SPEC, **spec}}


@pytest.mark.parametrize(
    ("given", "source", "ref"),
    [
        ({}, None, None),
        ({"dataSource": {"kind": CLAIM, "name": "x"}}, (None, CLAIM), (None, CLAIM)),
        ({"dataSource": {"kind": "Odd", "name": "x", "apiGroup": "a.b"}}, None, None),
        ({"dataSourceRef": {"kind": "Odd", "name": "x", "apiGroup": "a.b"}}, ("a.b", "Odd"), ("a.b", "Odd")),
        ({"dataSourceRef": {"kind": CLAIM, "name": "x", "namespace": "other"}}, None, None),
    ],
)
def test_sources_of_claims(given: Object, source: Any, ref: Any) -> None:
    async def test(cluster: Cluster) -> None:
        spec = (await cluster.create("persistentvolumeclaims", claim(**given)))["spec"]
        for name, wanted in (("dataSource", source), ("dataSourceRef", ref)):
            found = spec.get(name)
            assert (found and (found.get("apiGroup"), found["kind"])) == wanted

    run(test)


def test_a_volume_knows_when_its_phase_changed() -> None:
    async def test(cluster: Cluster) -> None:
        volume = {"metadata": {"name": "v"}, "spec": VOLUME, "status": {"phase": "Bound"}}
        created = await cluster.create("persistentvolumes", volume)
        assert created["status"] == {"phase": "Pending", "lastPhaseTransitionTime": NOW_TEXT}
        cluster.clock.now += 60

        def message(obj: Object) -> None:
            obj["status"] = {"phase": "Pending", "message": "m"}

        updated = await cluster.update("persistentvolumes", "v", message, subresource="status")
        assert updated["status"]["lastPhaseTransitionTime"] == NOW_TEXT

        def bind(obj: Object) -> None:
            obj["status"]["phase"] = "Bound"

        updated = await cluster.update("persistentvolumes", "v", bind, subresource="status")
        assert updated["status"]["lastPhaseTransitionTime"] == "2023-11-14T22:14:20Z"

    run(test)


def test_the_first_update_of_a_claim_is_written_even_if_it_changes_nothing() -> None:
    async def test(cluster: Cluster) -> None:
        def nothing(obj: Object) -> None: ...

        async def version_after_update() -> int:
            updated = await cluster.update("persistentvolumeclaims", "c", nothing)
            return int(updated["metadata"]["resourceVersion"])

        for _ in range(2):
            created = await cluster.create("persistentvolumeclaims", claim())
            assert created["status"] == {"phase": "Pending"}
            first = await version_after_update()
            assert first > int(created["metadata"]["resourceVersion"])
            assert await version_after_update() == first
            await cluster.delete("persistentvolumeclaims", "c")

    run(test)
