import asyncio
from typing import Any

import pytest

from pilothouse.admission.plugins.serviceaccount import ServiceAccount
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from tests.admission.support import PODS, World, attributes, pod, run

ACCOUNTS = GroupResource("", "serviceaccounts")
MIRROR = {"annotations": {"kubernetes.io/config.mirror": "x"}}


def test_token_volume() -> None:
    async def test(world: World) -> None:
        containers = [
            {"name": "c", "image": "i"},
            {"name": "d", "image": "i", "volumeMounts": [
                {"name": "v", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
            ]},
        ]
        volumes = [{"name": "v", "emptyDir": {}}]
        made = pod(containers=containers, volumes=volumes, automountServiceAccountToken=None)
        spec = (await world.admit(PODS, made))["spec"]
        assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
        name = spec["volumes"][1]["name"]
        assert name.startswith("kube-api-access-")
        assert len(name) == len("kube-api-access-") + 5
        assert spec["volumes"][1]["projected"]["sources"][0] == {
            "serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}
        }
        assert spec["containers"][0]["volumeMounts"] == [
            {"name": name, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
        ]
        assert len(spec["containers"][1]["volumeMounts"]) == 1

    run(test)


@pytest.mark.parametrize(("made", "text"), [
    (
        pod("a", serviceAccountName="missing"),
        'error looking up service account ns/missing: serviceaccount "missing" not found',
    ),
    (
        pod("a", serviceAccountName="sa", volumes=[{"name": "s", "secret": {"secretName": "no"}}]),
        'volume with secret.secretName="no" is not allowed because service account sa does not reference that secret',
    ),
    (
        pod("a", serviceAccountName="sa", containers=[
            {"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]},
        ]),
        'container c with envVar A referencing secret.secretName="no" is not allowed because service account sa does '
        "not reference that secret",
    ),
    (
        pod("a", serviceAccountName="sa", imagePullSecrets=[{"name": "pull"}, {"name": "no"}]),
        'imagePullSecrets[1].name="no" is not allowed because service account sa does not reference that '
        "imagePullSecret",
    ),
    (pod("a", metadata=MIRROR, serviceAccountName="sa"), "a mirror pod may not reference service accounts"),
    (
        pod("a", metadata=MIRROR, volumes=[{"name": "s", "secret": {"secretName": "x"}}]),
        "a mirror pod may not reference secrets",
    ),
])
def test_refusals(made: dict[str, Any], text: str) -> None:
    async def test(world: World) -> None:
        await world.put(ACCOUNTS, {
            "metadata": {
                "name": "sa", "namespace": "ns",
                "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"},
            },
            "secrets": [{"name": "ok"}], "imagePullSecrets": [{"name": "pull"}],
        })
        error = await world.refuse(PODS, made)
        assert (error.code, error.message) == (403, f'pods "a" is forbidden: {text}')

    run(test)


def test_the_accounts_wishes() -> None:
    async def test(world: World) -> None:
        await world.put(ACCOUNTS, {
            "metadata": {"name": "sa", "namespace": "ns"}, "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": "pull"}],
        })
        made = pod(serviceAccountName="sa", automountServiceAccountToken=None)
        spec = (await world.admit(PODS, made))["spec"]
        assert spec["imagePullSecrets"] == [{"name": "pull"}]
        assert "volumes" not in spec
        mirror = (await world.admit(PODS, pod(metadata=MIRROR, nodeName="n")))["spec"]
        assert "serviceAccountName" not in mirror

    run(test)


def test_a_new_namespaces_account_is_waited_for() -> None:
    waits: list[float] = []

    class Arriving:
        def get(self, resource: GroupResource, namespace: str, name: str) -> dict[str, Any] | None:
            return {"metadata": {"name": name}} if len(waits) == 3 else None

        def list(self, resource: GroupResource, namespace: str = "") -> list[dict[str, Any]]:
            return []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def main() -> None:
        plugin = ServiceAccount(Arriving(), sleep)
        await plugin.admit(attributes(PODS, pod()))
        assert waits == [0.1] * 3
        waits.append(0)
        with pytest.raises(StatusError, match='serviceaccount "default" not found'):
            await plugin.admit(attributes(PODS, pod()))
        assert len(waits) == 13

    asyncio.run(main())
