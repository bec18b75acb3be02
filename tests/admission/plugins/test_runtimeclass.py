from pilothouse.admission.plugins.runtimeclass import merge_tolerations
from pilothouse.apimachinery.gvk import GroupResource
from tests.admission.support import PODS, World, pod, run


def test_runtime_class() -> None:
    async def test(world: World) -> None:
        await world.put(GroupResource("node.k8s.io", "runtimeclasses"), {
            "metadata": {"name": "rc"}, "handler": "h", "overhead": {"podFixed": {"cpu": "100m"}},
            "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]},
        })
        spec = (await world.admit(PODS, pod(runtimeClassName="rc", overhead={"cpu": "0.1"})))["spec"]
        assert spec["overhead"] == {"cpu": "100m"}
        assert spec["nodeSelector"] == {"a": "b"}
        assert {"key": "k", "operator": "Exists"} in spec["tolerations"]
        for asked, text in (
            ({"runtimeClassName": "no"}, 'RuntimeClass "no" not found'),
            ({"runtimeClassName": "rc", "overhead": {"cpu": "1"}},
             "Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
            ({"overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        ):
            error = await world.refuse(PODS, pod(**asked))
            assert error.message == f'pods "p" is forbidden: pod rejected: {text}'
        error = await world.refuse(PODS, pod(runtimeClassName="rc", nodeSelector={"a": "c"}))
        assert error.message == (
            'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c'
        )

    run(test)


def test_tolerations_that_others_cover_are_left_out() -> None:
    everything = {"operator": "Exists"}
    short = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    long = {**short, "tolerationSeconds": 10}
    equal = {"key": "b", "operator": "Equal", "value": "v", "effect": "NoSchedule"}
    assert merge_tolerations([short, equal], [everything]) == [everything]
    assert merge_tolerations([short], [long]) == [long]
    assert merge_tolerations([long], [short]) == [long]
    assert merge_tolerations([equal], [dict(equal)]) == [equal]
    assert merge_tolerations([equal], [{**equal, "value": "w"}]) == [equal, {**equal, "value": "w"}]
