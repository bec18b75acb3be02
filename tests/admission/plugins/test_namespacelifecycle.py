from pilothouse.admission.interface import DELETE, UPDATE
from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import World, run

CONFIG_MAPS = GroupResource("", "configmaps")
NAMESPACES = GroupResource("", "namespaces")


def test_namespaces_must_exist() -> None:
    async def test(world: World) -> None:
        obj = {"metadata": {"name": "a", "namespace": "nosuch"}}
        for operation in ("CREATE", "UPDATE"):
            error = await world.refuse(CONFIG_MAPS, obj, operation=operation)
            assert (error.code, error.message) == (404, 'namespaces "nosuch" not found')
        await world.admit(CONFIG_MAPS, None, operation=DELETE, namespace="nosuch", name="a")
        await world.admit(GroupResource("authorization.k8s.io", "localsubjectaccessreviews"), obj)
        await world.admit(GroupResource("", "persistentvolumes"), {"metadata": {"name": "a"}})

    run(test)


def test_nothing_new_while_terminating() -> None:
    async def test(world: World) -> None:
        await world.put(NAMESPACES, {"metadata": {"name": "going"}, "status": {"phase": "Terminating"}})
        obj = {"metadata": {"name": "a", "namespace": "going"}}
        error = await world.refuse(CONFIG_MAPS, obj)
        assert (error.code, error.message) == (
            403,
            'configmaps "a" is forbidden: unable to create new content in namespace going because it is being '
            "terminated",
        )
        assert error.details == {
            "name": "a", "kind": "configmaps",
            "causes": [{
                "reason": "NamespaceTerminating", "message": "namespace going is being terminated",
                "field": "metadata.namespace",
            }],
        }
        await world.admit(CONFIG_MAPS, obj, operation=UPDATE)

    run(test)


def test_immortal_namespaces() -> None:
    async def test(world: World) -> None:
        error = await world.refuse(NAMESPACES, None, operation=DELETE, name="kube-system", namespace="kube-system")
        assert error.message == 'namespaces "kube-system" is forbidden: this namespace may not be deleted'
        await world.admit(NAMESPACES, None, operation=DELETE, name="ns", namespace="ns")

    run(test)
