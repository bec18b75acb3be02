from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run
from tests.registry.support import NOW_TEXT

GROUP = "apiregistration.k8s.io"


def service(name: str = "v1.example.com", **spec: Any) -> Object:
    given = {"group": "example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 1, **spec}
    return {"metadata": {"name": name}, "spec": given}


def test_what_is_served_here_is_available() -> None:
    async def test(cluster: Cluster) -> None:
        created = await cluster.create("apiservices", service(), group=GROUP)
        assert created["status"]["conditions"] == [
            {
                "type": "Available", "status": "True", "lastTransitionTime": NOW_TEXT, "reason": "Local",
                "message": "Local APIServices are always available",
            }
        ]
        remote = service(version="v2", service={"name": "s", "namespace": "n"}, name="v2.example.com")
        created = await cluster.create("apiservices", remote, group=GROUP)
        assert created["status"] == {}
        assert created["spec"]["service"]["port"] == 443

    run(test)


def test_the_name_follows_from_the_version() -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError) as e:
            await cluster.create("apiservices", service("other"), group=GROUP)
        assert 'must be `spec.version+"."+spec.group`: "v1.example.com"' in e.value.message
        with pytest.raises(StatusError) as e:
            await cluster.create("apiservices", service(""), group=GROUP)
        assert e.value.message.endswith("metadata.name: Required value: name or generateName is required")

        def rename(obj: Object) -> None:
            obj["spec"]["group"] = "other.example.com"

        await cluster.create("apiservices", service("v1.example.com"), group=GROUP)
        with pytest.raises(StatusError) as e:
            await cluster.update("apiservices", "v1.example.com", rename, group=GROUP)
        assert 'must be `spec.version+"."+spec.group`: "v1.other.example.com"' in e.value.message

    run(test)


def test_conditions_are_true_false_or_unknown() -> None:
    async def test(cluster: Cluster) -> None:
        def perhaps(obj: Object) -> None:
            obj["status"]["conditions"][0]["status"] = "Maybe"

        name = (await cluster.create("apiservices", service(), group=GROUP))["metadata"]["name"]
        with pytest.raises(StatusError) as e:
            await cluster.update("apiservices", name, perhaps, group=GROUP, subresource="status")
        assert 'status.conditions[0].status: Unsupported value: "Maybe"' in e.value.message
        assert 'supported values: "True", "False", "Unknown"' in e.value.message

    run(test)
