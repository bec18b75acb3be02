import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run

NAMESPACE = {"metadata": {"name": "n"}}


def test_a_new_namespace_is_active_and_held() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("namespaces", {**NAMESPACE, "status": {"phase": "Terminating"}})
        assert created["spec"] == {"finalizers": ["kubernetes"]}
        assert created["status"] == {"phase": "Active"}
        assert created["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}

    run(test)


def test_a_generated_name_is_labelled_too() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("namespaces", {"metadata": {"generateName": "n-"}})
        assert created["metadata"]["labels"]["kubernetes.io/metadata.name"] == created["metadata"]["name"]

    run(test)


def test_only_finalize_writes_the_finalizers() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("namespaces", NAMESPACE)

        def release(obj: Object) -> None:
            obj["spec"] = {}

        updated = await cluster.update("namespaces", "n", release)
        assert updated["spec"] == {"finalizers": ["kubernetes"]}
        updated = await cluster.update("namespaces", "n", release, subresource="finalize")
        assert not updated["spec"].get("finalizers")

    run(test)


def test_finalizers_are_standard_or_qualified() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("namespaces", NAMESPACE)

        def add(obj: Object) -> None:
            obj["spec"]["finalizers"] = ["nodomain", "kubernetes", "a.example/b"]

        with pytest.raises(StatusError) as e:
            await cluster.update("namespaces", "n", add, subresource="finalize")
        assert e.value.message == (
            'Namespace "n" is invalid: spec.finalizers[0]: Invalid value: "nodomain": name is neither a standard '
            "finalizer name nor is it fully qualified"
        )

    run(test)


def test_deletion_terminates_and_ends_with_the_last_finalizer() -> None:
    async def test(cluster: Cluster) -> None:
        await cluster.create("namespaces", NAMESPACE)
        await cluster.delete("namespaces", "n")
        terminating = await cluster.get("namespaces", "n")
        assert terminating["status"]["phase"] == "Terminating"

        def activate(obj: Object) -> None:
            obj["status"]["phase"] = "Active"

        with pytest.raises(StatusError, match="may only be 'Terminating' if `deletionTimestamp` is not empty"):
            await cluster.update("namespaces", "n", activate, subresource="status")

        def release(obj: Object) -> None:
            obj["spec"] = {}

        await cluster.update("namespaces", "n", release, subresource="finalize")
        with pytest.raises(StatusError, match="not found"):
            await cluster.get("namespaces", "n")

    run(test)
