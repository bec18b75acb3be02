from typing import Any

from hypothesis import given
from hypothesis import strategies as st

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


def covers(outer: dict[str, Any], t: dict[str, Any]) -> bool:
    """isSuperset of upstream's pkg/util/tolerations."""
    if outer == t:
        return True
    operator = outer.get("operator") or "Equal"
    if t["key"] != outer["key"] and (outer["key"] or operator != "Exists"):
        return False
    if outer["effect"] and t["effect"] != outer["effect"]:
        return False
    seconds, own = outer.get("tolerationSeconds"), t.get("tolerationSeconds")
    if outer["effect"] == "NoExecute" and seconds is not None and (own is None or own > seconds):
        return False
    return operator == "Exists" or (
        operator == "Equal" and t.get("operator") == "Equal" and t.get("value") == outer.get("value")
    )


TOLERATIONS = st.fixed_dictionaries(
    {"key": st.sampled_from(["", "a", "b"]), "effect": st.sampled_from(["", "NoSchedule", "NoExecute"])},
    optional={
        "operator": st.sampled_from(["", "Equal", "Exists", "Odd"]), "value": st.sampled_from(["v", "w"]),
        "tolerationSeconds": st.integers(0, 2),
    },
)


@given(st.lists(TOLERATIONS, max_size=8))
def test_merging_compares_each_with_each(every: list[dict[str, Any]]) -> None:
    want: list[dict[str, Any]] = []
    for i, t in enumerate(every):
        if not any(covers(m, t) for m in want) and not any(t != o and covers(o, t) for o in every[i + 1 :]):
            want.append(t)
    assert merge_tolerations(every[:2], every[2:]) == want


def test_long_lists_of_tolerations() -> None:
    many: list[dict[str, Any]] = [{"key": f"k{i}", "operator": "Exists"} for i in range(50_000)]
    assert merge_tolerations(many, many) == many
