import pytest

from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.apiextensions.strategies import CustomResourceDefinitionStrategy
from pilothouse.registry.rest import Heavier
from tests.registry.cluster import Cluster, Object, run

GROUP = "apiextensions.k8s.io"
NAME = "things.example.com"
VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
DEFINITION = {
    "metadata": {"name": NAME},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
        "versions": [VERSION],
    },
    "status": {"storedVersions": ["v9"]},
}
CRDS = "customresourcedefinitions"


def test_names_and_stored_versions() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create(CRDS, DEFINITION, group=GROUP)
        assert created["spec"]["names"]["singular"] == "thing"
        assert created["spec"]["names"]["listKind"] == "ThingList"
        assert created["spec"]["conversion"] == {"strategy": "None"}
        assert created["status"]["storedVersions"] == ["v1"]

        def upgrade(obj: Object) -> None:
            obj["spec"]["versions"] = [{**VERSION, "storage": False}, {**VERSION, "name": "v2"}]

        updated = await cluster.update(CRDS, NAME, upgrade, group=GROUP)
        assert updated["status"]["storedVersions"] == ["v1", "v2"]
        assert updated["metadata"]["generation"] == 2

    run(test)


def test_a_name_follows_from_the_names_and_the_group() -> None:
    async def test(cluster: Cluster) -> None:
        bad = {**DEFINITION, "metadata": {"name": "Others", "labels": {"a b": "c"}}}
        with pytest.raises(StatusError) as e:
            await cluster.create(CRDS, bad, group=GROUP)
        assert e.value.details is not None
        causes = e.value.details["causes"]
        assert [cause["field"] for cause in causes] == ["metadata.name", "metadata.name", "metadata.labels"]
        assert causes[1]["message"] == 'Invalid value: "Others": must be spec.names.plural+"."+spec.group'

    run(test)


def test_a_second_version_of_a_name_was_never_stored() -> None:
    async def test(cluster: Cluster) -> None:
        bad = {**DEFINITION, "spec": {**DEFINITION["spec"], "versions": [VERSION, VERSION]}}  # type: ignore[dict-item]
        with pytest.raises(StatusError) as e:
            await cluster.create(CRDS, bad, group=GROUP)
        assert e.value.details is not None
        assert e.value.details["causes"][-1]["message"].endswith("must have the storage version v1")

    run(test)


def test_deletion_waits_for_the_instances() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create(CRDS, DEFINITION, group=GROUP)
        await cluster.delete(CRDS, NAME, group=GROUP)
        terminating = await cluster.get(CRDS, NAME, group=GROUP)
        assert terminating["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
        assert terminating["status"]["conditions"][0]["reason"] == "InstanceDeletionPending"

    run(test)


def test_very_long_bundles_are_read_aside() -> None:
    strategy, ctx = CustomResourceDefinitionStrategy(lambda: 0.0), Context()
    webhook = {"clientConfig": {"caBundle": "A" * 100_000}}
    obj = {"metadata": {}, "spec": {"conversion": {"strategy": "Webhook", "webhook": webhook}}}
    with pytest.raises(Heavier):
        strategy.validate(ctx, obj)
    with pytest.raises(Heavier):
        strategy.validate_update(ctx, obj, obj)
    ctx.heavy = True
    assert strategy.validate(ctx, obj)
