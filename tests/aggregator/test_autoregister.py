"""Which APIServices are made, changed and deleted, in a whole control plane."""

from pathlib import Path

import pytest

from pilothouse.aggregator.api_services import AUTOMANAGED, APIServices
from pilothouse.aggregator.autoregister import ALWAYS, ON_START, AutoRegistration, api_service
from pilothouse.apimachinery.status import StatusError
from tests.aggregator.harness import API_SERVICES, Extension, Object, Plane, run

CRDS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


def definition(group: str, plural: str, *versions: str, served: bool = True) -> Object:
    schema = {"openAPIV3Schema": {"type": "object"}}
    kind = plural.capitalize()
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": "Cluster", "names": {"kind": kind, "plural": plural},
            "versions": [
                {"name": name, "served": served or not at, "storage": not at, "schema": schema}
                for at, name in enumerate(versions)
            ],
        },
    }  # fmt: skip


async def stored(plane: Plane, name: str) -> Object | None:
    try:
        return await plane.client.get(*API_SERVICES, name)
    except StatusError as error:
        assert error.code == 404
        return None


def test_definitions_have_apiservices_for_as_long_as_they_serve_a_version(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        async def there(name: str) -> Object:
            found: Object = await plane.until(lambda: stored(plane, name))
            return found

        async def gone(name: str) -> None:
            async def test() -> bool:
                return await stored(plane, name) is None

            await plane.until(test)

        first = await plane.client.create(*CRDS, definition("a.example.com", "ones", "v1", "v2"))
        await plane.client.create(*CRDS, definition("a.example.com", "twos", "v1"))
        made = await there("v1.a.example.com")
        assert made["spec"] == {
            "group": "a.example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 100,
        }  # fmt: skip
        assert made["metadata"]["labels"] == {AUTOMANAGED: "true"}
        assert made["status"]["conditions"][0]["reason"] == "Local"
        await there("v2.a.example.com")
        # whoever deletes or changes one of these finds it as it was
        await plane.client.delete(*API_SERVICES, "v1.a.example.com")
        again = await there("v1.a.example.com")
        assert again["metadata"]["uid"] != made["metadata"]["uid"]
        again["spec"]["versionPriority"] = 7
        await plane.client.update(*API_SERVICES, again)

        async def restored() -> bool:
            found = await stored(plane, "v1.a.example.com")
            return found is not None and found["spec"]["versionPriority"] == 100

        await plane.until(restored)
        first = await plane.client.get(*CRDS, "ones.a.example.com")
        first["spec"]["versions"][1]["served"] = False
        await plane.client.update(*CRDS, first)
        await gone("v2.a.example.com")
        await plane.client.delete(*CRDS, "ones.a.example.com")
        await plane.until(lambda: definition_gone(plane, "ones.a.example.com"))
        assert await stored(plane, "v1.a.example.com") is not None
        await plane.client.delete(*CRDS, "twos.a.example.com")
        await gone("v1.a.example.com")

    run(test, tmp_path)


async def definition_gone(plane: Plane, name: str) -> bool:
    names = [item["metadata"]["name"] for item in (await plane.client.list(*CRDS))["items"]]
    return name not in names


def test_what_somebody_else_registered_is_left_alone(tmp_path: Path) -> None:
    async def test(plane: Plane, extension: Extension) -> None:
        mine = api_service("a.example.com", "v1", 5, 5)
        await plane.client.create(*API_SERVICES, mine)
        await plane.client.create(*CRDS, definition("a.example.com", "ones", "v1"))
        await plane.client.create(*CRDS, definition("b.example.com", "ones", "v1"))
        await plane.until(lambda: stored(plane, "v1.b.example.com"))
        found = await stored(plane, "v1.a.example.com")
        assert found is not None and found["spec"]["versionPriority"] == 5

    run(test, tmp_path)


def labelled(name: str, sort: str, priority: int = 1) -> Object:
    version, _, group = name.partition(".")
    found = api_service(group, version, 1000, priority)
    return {**found, "metadata": {"name": name, "uid": "u", "labels": {AUTOMANAGED: sort} if sort else {}}}


@pytest.mark.parametrize(("current", "at_start", "wanted", "action"), [
    # upstream's table: the current one by line, the wanted one by column
    (None, False, None, ""), (None, False, ON_START, "create"), (None, False, ALWAYS, "create"),
    ("", True, None, ""), ("", True, ON_START, ""), ("", True, ALWAYS, ""),
    (ON_START, False, None, ""), (ON_START, False, ON_START, ""), (ON_START, False, ALWAYS, ""),
    (ON_START, True, None, "delete"), (ON_START, True, ON_START, "update"), (ON_START, True, ALWAYS, "update"),
    (ALWAYS, True, None, "delete"), (ALWAYS, True, ON_START, "update"), (ALWAYS, False, ALWAYS, "update"),
])
def test_the_table(current: str | None, at_start: bool, wanted: str | None, action: str) -> None:
    name = "v1.g"
    registration = AutoRegistration(APIServices())
    if at_start:
        registration._at_start = {name}
    have = None if current is None else labelled(name, current)
    want = None if wanted is None else labelled(name, wanted, 2)
    assert registration._action(name, want, have) == action
    # done once, "onstart" is over
    registration._synced.add(name)
    once = wanted == ON_START or (current == ON_START and have is not None)
    assert registration._action(name, want, have) == ("" if once else action)


def test_the_order_of_groups_and_versions() -> None:
    services = APIServices()
    for obj in (
        api_service("b", "v1", 100, 5), api_service("b", "v2", 300, 5), api_service("a", "v1beta1", 300, 1),
        api_service("a", "v1", 1, 9), api_service("", "v1", 900, 1), api_service("c", "v1", 400, 1),
    ):  # fmt: skip
        services.apply(obj["metadata"]["name"], obj)
    assert services.by_group() == [("c", ["v1"]), ("a", ["v1", "v1beta1"]), ("b", ["v2", "v1"])]
    services.apply("v1.c", None)
    services.apply("v1.c", None)
    assert len(services) == 5 and services.get("v1.c") is None
