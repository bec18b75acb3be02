import pytest

from pilothouse.apimachinery.status import StatusError
from tests.registry.cluster import Cluster, Object, run

GROUP = "networking.k8s.io"
REF = {"resource": "services", "namespace": "ns", "name": "s"}


@pytest.mark.parametrize(
    ("name", "ref", "text"),
    [
        ("not-ip", REF, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("192.168.077.9", REF, "must not have leading 0s"),
        ("2001:DB8::1", REF, 'must be in canonical form ("2001:db8::1")'),
        ("192.168.77.9", None, "spec.parentRef: Required value"),
        ("192.168.77.9", {"resource": "", "name": ""}, "[spec.parentRef.resource: Required value, spec.parentRef.name"),
        ("192.168.77.9", {**REF, "group": "A_b"}, 'spec.parentRef.group: Invalid value: "A_b"'),
    ],
)
def test_ip_addresses(name: str, ref: Object | None, text: str) -> None:
    async def test(cluster: Cluster) -> None:
        with pytest.raises(StatusError) as e:
            await cluster.create("ipaddresses", {"metadata": {"name": name}, "spec": {"parentRef": ref}}, group=GROUP)
        assert text in e.value.message

    run(test)


def test_a_parent_never_changes() -> None:
    async def test(cluster: Cluster) -> None:
        obj = {"metadata": {"name": "192.168.77.9"}, "spec": {"parentRef": REF}}
        await cluster.create("ipaddresses", obj, group=GROUP)

        def change(obj: Object) -> None:
            obj["spec"]["parentRef"]["name"] = "t"

        with pytest.raises(StatusError, match="field is immutable"):
            await cluster.update("ipaddresses", "192.168.77.9", change, group=GROUP)

    run(test)


def test_the_old_way_to_choose_an_ingress_class() -> None:
    async def test(cluster: Cluster) -> None:
        metadata = {"name": "i", "annotations": {"kubernetes.io/ingress.class": "x"}}
        spec = {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}
        created = await cluster.create("ingresses", {"metadata": metadata, "spec": spec}, group=GROUP)
        assert created["metadata"]["generation"] == 1
        assert cluster.ctx.warnings == [
            "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
        ]

    run(test)
