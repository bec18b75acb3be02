import asyncio
from typing import Any

import pytest

from pilothouse.admission.plugins.resourcequota import ResourceQuota
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.statuswriter import StatusWriter
from tests.admission.support import PODS, World, attributes, pod, run

QUOTAS = GroupResource("", "resourcequotas")
CONFIG_MAPS = GroupResource("", "configmaps")
HARD = {"pods": "1", "requests.cpu": "1", "count/configmaps": "2", "services.nodeports": "0"}


async def plugin(world: World, hard: dict[str, str] | None = None, **spec: Any) -> ResourceQuota:
    """The plugin, writing through a real store, and a quota "q" of which nothing is used yet."""
    hard = hard if hard is not None else HARD
    await world.put(QUOTAS, {
        "metadata": {"name": "q", "namespace": "ns", "uid": "u"}, "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": dict.fromkeys(hard, "0")},
    })
    return ResourceQuota(world.lister, StatusWriter(world.stores[QUOTAS]))


def config_map(name: str = "a") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}}


def asking(cpu: str) -> dict[str, Any]:
    return pod(containers=[{"name": "c", "resources": {"requests": {"cpu": cpu}}}])


def used(world: World) -> dict[str, str]:
    quota = world.lister.get(QUOTAS, "ns", "q")
    assert quota is not None
    found: dict[str, str] = quota["status"]["used"]
    return found


async def refusal(made: ResourceQuota, resource: GroupResource, obj: dict[str, Any], **kwargs: Any) -> str:
    with pytest.raises(StatusError) as e:
        await made.validate(attributes(resource, obj, **kwargs))
    assert e.value.code == 403
    return e.value.message


def test_pods_are_charged() -> None:
    async def test(world: World) -> None:
        made = await plugin(world)
        assert await refusal(made, PODS, pod()) == (
            'pods "p" is forbidden: failed quota: q: must specify requests.cpu for: c'
        )
        assert await refusal(made, PODS, asking("2")) == (
            'pods "p" is forbidden: exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=0, '
            "limited: requests.cpu=1"
        )
        await made.validate(attributes(PODS, asking("600m"), dry_run=True))
        assert used(world)["pods"] == "0"
        await made.validate(attributes(PODS, asking("600m")))
        assert (used(world)["pods"], used(world)["requests.cpu"]) == ("1", "600m")
        assert await refusal(made, PODS, asking("600m")) == (
            'pods "p" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=600m, '
            "used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1"
        )

    run(test)


def test_concurrent_requests_cannot_slip_through_together() -> None:
    async def test(world: World) -> None:
        made = await plugin(world)
        tasks = [made.validate(attributes(CONFIG_MAPS, config_map(str(i)))) for i in range(5)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(r is None for r in results) == 2
        assert used(world)["count/configmaps"] == "2"

    run(test)


def test_a_quota_nobody_has_counted_yet_lets_nothing_in() -> None:
    async def test(world: World) -> None:
        made = await plugin(world)
        store = made._write_status
        quota = world.lister.get(QUOTAS, "ns", "q")
        assert quota is not None
        await store({**quota, "status": {"hard": HARD}})
        assert await refusal(made, CONFIG_MAPS, config_map()) == (
            'configmaps "a" is forbidden: status unknown for quota: q, resources: count/configmaps'
        )

    run(test)


def test_updates_are_charged_for_what_they_add() -> None:
    async def test(world: World) -> None:
        services = GroupResource("", "services")
        made = await plugin(world, {"services.nodeports": "2"})

        def service(kind: str, ports: int) -> dict[str, Any]:
            return {"metadata": {"name": "s", "namespace": "ns"}, "spec": {"type": kind, "ports": [{}] * ports}}

        old = service("NodePort", 1)
        await made.validate(attributes(services, old))
        await made.validate(attributes(services, service("NodePort", 2), operation="UPDATE", old_object=old))
        assert used(world) == {"services.nodeports": "2"}
        assert "exceeded quota" in await refusal(
            made, services, service("NodePort", 3), operation="UPDATE", old_object=service("NodePort", 2)
        )

    run(test)


def test_scopes() -> None:
    async def test(world: World) -> None:
        made = await plugin(world, {"pods": "0"}, scopes=["Terminating"])
        await made.validate(attributes(PODS, pod()))
        assert "exceeded quota: q, requested: pods=1" in await refusal(made, PODS, pod(activeDeadlineSeconds=5))

    run(test)


def test_what_quotas_do_not_concern() -> None:
    async def test(world: World) -> None:
        made = await plugin(world)
        assert not made.handles("CREATE", GroupResource("", "events"), "")
        assert not made.handles("CREATE", GroupResource("", "namespaces"), "")
        assert not made.handles("UPDATE", CONFIG_MAPS, "")
        assert not made.handles("DELETE", PODS, "")
        assert made.handles("UPDATE", PODS, "resize")
        await made.validate(attributes(CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "elsewhere"}}))

    run(test)


def test_a_quota_that_changed_meanwhile_is_read_again() -> None:
    async def test(world: World) -> None:
        made = await plugin(world)
        write, calls = made._write_status, 0

        async def meanwhile(quota: dict[str, Any]) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                await write({**quota, "status": {**quota["status"], "used": {**used(world), "count/configmaps": "1"}}})
            await write(quota)

        made._write_status = meanwhile
        await made.validate(attributes(CONFIG_MAPS, config_map()))
        assert calls == 2
        assert used(world)["count/configmaps"] == "2"

    run(test)
