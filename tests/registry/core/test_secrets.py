import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run


def test_the_type_of_a_secret_never_changes() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("secrets", {"metadata": {"name": "s"}, "type": "a/b"})

        def change(obj: Object) -> None:
            obj["type"] = "other"

        with pytest.raises(StatusError, match='type: Invalid value: "other": field is immutable'):
            await cluster.update("secrets", "s", change)

    run(test)


@pytest.mark.parametrize("resource", ["configmaps", "secrets"])
def test_what_is_immutable_stays_so(resource: str) -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create(resource, {"metadata": {"name": "x"}, "data": {"a": "eA=="}, "immutable": True})

        def thaw(obj: Object) -> None:
            obj["immutable"] = False
            obj["data"] = {}

        with pytest.raises(StatusError) as e:
            await cluster.update(resource, "x", thaw)
        assert e.value.details is not None
        assert [cause["field"] for cause in e.value.details["causes"]] == ["immutable", "data"]

    run(test)


def test_references_of_accounts_are_names() -> None:
    async def test(cluster: Cluster) -> None:
        obj = {
            "metadata": {"name": "sa", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}},
            "secrets": [{"name": "s", "namespace": "other", "uid": "u"}],
        }
        created = await cluster.create("serviceaccounts", obj)
        assert created["secrets"] == [{"name": "s"}]
        assert cluster.ctx.warnings == [
            "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate "
            "namespaces to isolate access to mounted secrets"
        ]

    run(test)
