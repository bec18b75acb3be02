import asyncio
from pathlib import Path
from typing import Any

import pytest

from pilothouse.admission import chain
from pilothouse.admission.interface import CREATE, DELETE, UPDATE, Attributes
from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, attributes, run

CONFIG_MAPS = GroupResource("", "configmaps")


def test_order_is_kube_apiservers() -> None:
    lines = (Path(__file__).parent / "data" / "admission_plugins.tsv").read_text().splitlines()[1:]
    wanted = [(name, default == "yes") for _, name, default in (line.split("\t") for line in lines)]
    assert [(p.name, p.default) for p in chain.PLUGINS] == wanted


def test_flags() -> None:
    names = [p.name for p in chain.enabled_plugins(disable=["LimitRanger", "ServiceAccount"])]
    assert "LimitRanger" not in names
    assert names[0] == "NamespaceLifecycle"
    with pytest.raises(ValueError, match="is not supported yet") as e:
        chain.enabled_plugins(["Odd", "AlwaysPullImages", "Priority"], ["Priority"])
    assert str(e.value).splitlines() == [
        "enable-admission-plugins: 'Odd' is not a known admission plugin",
        "Priority in enable-admission-plugins and disable-admission-plugins overlapped",
        "enable-admission-plugins: AlwaysPullImages is not supported yet",
    ]


class Recorder:
    """Takes part in both phases and writes down that it did."""

    def __init__(self, name: str, log: list[str], only: GroupResource) -> None:
        self.name, self.log, self.only = name, log, only

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return resource == self.only and operation != UPDATE

    async def admit(self, a: Attributes) -> None:
        self.log.append(f"{self.name} admits")

    async def validate(self, a: Attributes) -> None:
        self.log.append(f"{self.name} validates {(a.object or a.old_object or {})['n']}")


def test_phases_and_routes() -> None:
    log: list[str] = []
    made = chain.Chain([Recorder("a", log, PODS), Recorder("b", log, CONFIG_MAPS), Recorder("c", log, PODS)])

    async def main() -> None:
        a = attributes(PODS, {"n": 1}, name="p")
        await made.admit(a)
        validation = made.validation(a)
        assert validation is not None
        await validation({"n": 2}, None)
        assert log == ["a admits", "c admits", "a validates 2", "c validates 2"]
        assert made.validation(attributes(PODS, {}, UPDATE)) is None
        log.clear()
        deletion = made.deletion(attributes(PODS, None, DELETE))
        assert deletion is not None
        await deletion(None, {"n": 3})
        assert log == ["a admits", "c admits", "a validates 3", "c validates 3"]

    asyncio.run(main())


def test_a_config_map_meets_only_those_who_care() -> None:
    async def test(world: World) -> None:
        route = world.chain.route(CREATE, CONFIG_MAPS)
        assert len(route.mutators) == 1
        assert not world.chain.route(DELETE, CONFIG_MAPS).mutators

    run(test, disable=["ResourceQuota"])


def test_extra_plugins_take_their_place() -> None:
    log: list[str] = []

    async def test(world: World) -> None:
        obj: dict[str, Any] = {"metadata": {"name": "a", "namespace": "ns"}, "n": 1}
        await world.admit(CONFIG_MAPS, obj)
        assert log == ["hook admits", "hook validates 1"]

    run(test, extra={"MutatingAdmissionWebhook": Recorder("hook", log, CONFIG_MAPS)})
