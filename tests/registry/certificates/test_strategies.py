from base64 import b64encode
from typing import Any

import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.certificates.requests import CERTIFICATE, REQUEST
from tests.registry.cluster import USER, Cluster, Object, run
from tests.registry.support import NOW_TEXT

GROUP = "certificates.k8s.io"
REQUESTS = "certificatesigningrequests"


def condition(kind: str, **rest: str) -> Object:
    return {"type": kind, "status": "True", "reason": "R", "message": "m", **rest}


async def create(cluster: Cluster) -> Object:
    spec = {"request": REQUEST, "signerName": "a.b/c", "usages": ["client auth"], "username": "root"}
    return await cluster.create(REQUESTS, {"metadata": {"name": "r"}, "spec": spec}, group=GROUP)


async def set_status(cluster: Cluster, subresource: str, **status: Any) -> Object:
    def change(obj: Object) -> None:
        obj["status"] = {**(obj.get("status") or {}), **status}

    return await cluster.update(REQUESTS, "r", change, group=GROUP, subresource=subresource)


async def refused(awaitable: Any) -> str:
    with pytest.raises(StatusError) as e:
        await awaitable
    return e.value.message


def test_the_server_says_who_asks() -> None:
    async def test(cluster: Cluster) -> None:
        spec = (await create(cluster))["spec"]
        assert spec["username"] == USER.name
        assert spec["groups"] == list(USER.groups)

        def change(obj: Object) -> None:
            obj["spec"]["signerName"] = "x.y/z"

        assert (await cluster.update(REQUESTS, "r", change, group=GROUP))["spec"]["signerName"] == "a.b/c"

    run(test)


def test_approval_decides_once() -> None:
    async def test(cluster: Cluster) -> None:
        await create(cluster)
        approved = await set_status(cluster, "approval", conditions=[condition("Approved")])
        assert approved["status"]["conditions"] == [
            condition("Approved", lastUpdateTime=NOW_TEXT, lastTransitionTime=NOW_TEXT)
        ]
        both = [condition("Approved"), condition("Denied")]
        assert "Approved and Denied conditions are mutually exclusive" in await refused(
            set_status(cluster, "approval", conditions=both)
        )
        assert 'updates may not remove a condition of type "Approved"' in await refused(
            set_status(cluster, "approval", conditions=[])
        )
        no = [{**condition("Approved"), "status": "False"}]
        assert 'status.conditions[0].status: Unsupported value: "False": supported values: "True"' in await refused(
            set_status(cluster, "approval", conditions=no)
        )

    run(test)


def test_status_signs_and_does_not_decide() -> None:
    async def test(cluster: Cluster) -> None:
        await create(cluster)
        assert 'updates may not add a condition of type "Denied"' in await refused(
            set_status(cluster, "status", conditions=[condition("Denied")])
        )
        text = b64encode(b"xxx").decode()
        assert "must contain at least one CERTIFICATE PEM block" in await refused(
            set_status(cluster, "status", certificate=text)
        )
        signed = await set_status(cluster, "status", certificate=CERTIFICATE)
        assert signed["status"]["certificate"] == CERTIFICATE
        assert "updates may not modify existing certificate content" in await refused(
            set_status(cluster, "status", certificate=None)
        )

    run(test)
