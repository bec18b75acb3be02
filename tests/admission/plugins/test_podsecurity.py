from typing import Any

from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, attributes, pod, run

NAMESPACES = GroupResource("", "namespaces")
DEPLOYMENTS = GroupResource("apps", "deployments")
P = "pod-security.kubernetes.io/"


def namespace(**labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "safe", "labels": {P + k.replace("_", "-"): v for k, v in labels.items()}}}


def in_safe(made: dict[str, Any]) -> dict[str, Any]:
    made["metadata"]["namespace"] = "safe"
    return made


ACCOUNT = {"metadata": {"name": "default", "namespace": "safe"}}


def test_pods_are_refused_warned_about_and_noted() -> None:
    async def test(world: World) -> None:
        await world.put(NAMESPACES, namespace(enforce="baseline", enforce_version="v1.30", warn="restricted"))
        await world.put(GroupResource("", "serviceaccounts"), ACCOUNT)
        error = await world.refuse(PODS, in_safe(pod(hostNetwork=True)))
        assert error.message == (
            'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)'
        )
        a = attributes(PODS, in_safe(pod()))
        await world.chain.validate(attributes(PODS, in_safe(pod(serviceAccountName="default")), operation="UPDATE",
                                              old_object=pod()))
        await world.chain.admit(a)
        await world.chain.validate(a)
        assert a.context.warnings is not None
        assert a.context.warnings[0].startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEsc')
        assert a.context.audit_annotations == {P + "enforce-policy": "baseline:v1.30"}

    run(test)


def test_controllers_are_only_warned_about() -> None:
    async def test(world: World) -> None:
        await world.put(NAMESPACES, namespace(enforce="baseline", audit="baseline"))
        spec = {"template": {"spec": {"hostPID": True, "containers": [{"name": "c"}]}}}
        a = attributes(DEPLOYMENTS, {"metadata": {"name": "d", "namespace": "safe"}, "spec": spec})
        await world.chain.validate(a)
        text = 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'
        assert a.context.warnings == [text]
        assert a.context.audit_annotations == {P + "audit-violations": text}

    run(test)


def test_updates_that_change_no_image_are_left_alone() -> None:
    async def test(world: World) -> None:
        await world.put(NAMESPACES, namespace(enforce="baseline"))
        old, new = in_safe(pod(hostNetwork=True)), in_safe(pod(hostNetwork=True))
        await world.chain.validate(attributes(PODS, new, operation="UPDATE", old_object=old))
        new["spec"]["containers"] = [{"name": "c", "image": "other"}]
        assert "violates PodSecurity" in (
            await world.refuse(PODS, new, operation="UPDATE", old_object=old)
        ).message

    run(test)


def test_namespace_labels_and_what_is_there_already() -> None:
    async def test(world: World) -> None:
        error = await world.refuse(NAMESPACES, namespace(enforce="odd"), name="safe", namespace="safe")
        assert error.code == 422
        assert error.message.startswith(
            'Namespace "safe" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "odd": '
        )
        for name in ("z", "b"):
            await world.put(PODS, in_safe(pod(name, hostNetwork=True)))
        await world.put(PODS, in_safe(pod("fine")))
        a = attributes(NAMESPACES, namespace(enforce="baseline"), operation="UPDATE", old_object=namespace())
        await world.chain.validate(a)
        assert a.context.warnings == [
            'existing pods in namespace "safe" violate the new PodSecurity enforce level "baseline:latest"',
            "b (and 1 other pod): host namespaces",
        ]
        relaxed = attributes(
            NAMESPACES, namespace(enforce="baseline"), operation="UPDATE", old_object=namespace(enforce="restricted")
        )
        await world.chain.validate(relaxed)
        assert relaxed.context.warnings is None

    run(test)


def test_notes_of_privileged_namespaces() -> None:
    async def test(world: World) -> None:
        await world.put(GroupResource("", "serviceaccounts"), ACCOUNT)
        await world.put(NAMESPACES, namespace(enforce="privileged", enforce_version="v1.20"))
        a = attributes(PODS, in_safe(pod(hostPID=True, serviceAccountName="default")))
        await world.chain.validate(a)
        assert a.context.audit_annotations == {P + "enforce-policy": "privileged:latest"}

    run(test)


def test_bad_labels_are_noted_where_something_is_evaluated() -> None:
    async def test(world: World) -> None:
        await world.put(GroupResource("", "serviceaccounts"), ACCOUNT)
        await world.put(NAMESPACES, namespace(enforce="privileged", enforce_version="v1.20", audit="odd"))
        a = attributes(PODS, in_safe(pod(hostPID=True, serviceAccountName="default")))
        await world.chain.validate(a)
        assert a.context.audit_annotations is not None
        assert a.context.audit_annotations[P + "enforce-policy"] == "privileged:v1.20"
        assert "must be one of privileged" in a.context.audit_annotations[P + "error"]
        a = attributes(PODS, in_safe(pod()), operation="UPDATE", old_object=in_safe(pod()))
        await world.chain.validate(a)
        assert not a.context.audit_annotations, "nothing was evaluated"

    run(test)


def test_a_namespace_whose_name_is_generated_is_refused_without_one() -> None:
    async def test(world: World) -> None:
        error = await world.refuse(NAMESPACES, namespace(enforce="odd"), name="", namespace="")
        assert error.message.startswith('Namespace "" is invalid: ')

    run(test)
