from typing import Any

import orjson

from pilothouse.endpoints.discovery_manager import ResourceManager, Source


def version(name: str, *resources: str) -> dict[str, Any]:
    return {"version": name, "resources": [{"resource": r} for r in resources], "freshness": "Current"}


def shown(manager: ResourceManager, api: str = "v2") -> list[str]:
    document = orjson.loads(manager.encoded().by_version[api])
    assert (document["kind"], document["apiVersion"]) == ("APIGroupDiscoveryList", f"apidiscovery.k8s.io/{api}")
    return [
        f"{group['metadata']['name']}/{v['version']}" for group in document["items"] for v in group["versions"]
    ]


def test_groups_and_versions_stand_by_priority_then_by_name() -> None:
    manager = ResourceManager()
    builtin, custom = manager.of(Source.BUILTIN), manager.of(Source.CUSTOM)
    builtin.set("late", version("v1"))
    builtin.set_priority("early", "v1", 2000, 5)
    builtin.set_priority("early", "v2alpha1", 1, 9)
    for name in ("v1", "v2alpha1"):
        builtin.set("early", version(name))
    for name in ("v1", "v2beta1", "v2", "odd", "v10", "v1alpha1"):
        custom.set("custom", version(name))
    assert shown(manager) == [
        "early/v2alpha1", "early/v1", "custom/v10", "custom/v2", "custom/v1", "custom/v2beta1", "custom/v1alpha1",
        "custom/odd", "late/v1",
    ]
    assert shown(manager, "v2beta1") == shown(manager)


def test_the_etag_follows_what_is_shown() -> None:
    manager = ResourceManager()
    custom = manager.of(Source.CUSTOM)
    empty = manager.encoded().etag
    custom.set("g", version("v1", "a"))
    first = manager.encoded()
    custom.set("g", version("v1", "a"))
    assert manager.encoded() is first
    custom.set("g", version("v1", "b"))
    assert manager.encoded().etag not in (first.etag, empty)
    custom.remove("g", "v1")
    custom.remove("g", "v1")
    assert manager.encoded().etag == empty


def test_the_lowest_source_counts_and_the_next_one_shows_when_it_goes() -> None:
    manager = ResourceManager()
    remote, custom = manager.of(Source.AGGREGATOR), manager.of(Source.CUSTOM)
    custom.set("g", version("v1", "custom"))
    custom.set("g", version("v2", "custom"))
    remote.set("g", version("v1", "remote"))
    remote.set_priority("g", "v1", 1000, 200)

    def resources() -> list[str]:
        (group,) = orjson.loads(manager.encoded().by_version["v2"])["items"]
        return [f"{v['version']} {v['resources'][0]['resource']}" for v in group["versions"]]

    assert resources() == ["v1 remote", "v2 custom"]
    remote.remove("g", "v1")
    assert resources() == ["v2 custom", "v1 custom"]
