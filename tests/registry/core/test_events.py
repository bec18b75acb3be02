from pilothouse.registry.core.events import selectable
from tests.registry.cluster import Cluster, context, run


def test_selectable_fields() -> None:
    fields = selectable({"involvedObject": {"kind": "Pod"}, "reportingComponent": "c", "source": {}})
    assert fields["involvedObject.kind"] == "Pod"
    assert fields["involvedObject.uid"] == ""
    assert fields["source"] == fields["reportingComponent"] == "c"
    assert selectable({"source": {"component": "kubelet"}})["source"] == "kubelet"


def test_the_newer_group_is_strict() -> None:
    strategy = Cluster().resources["", "events"].strategy
    event = {"metadata": {"name": "e", "namespace": "default"}, "involvedObject": {}}
    assert strategy.validate(context(group=""), event) == []
    assert [str(e) for e in strategy.validate(context(group="events.k8s.io"), event)] == [
        "eventTime: Required value", 'type: Invalid value: "": has invalid value: ',
    ]


def test_a_core_event_may_have_any_name() -> None:
    async def test(cluster: Cluster) -> None:
        event = {"metadata": {"name": "Upper"}, "involvedObject": {"namespace": "ns"}}
        await cluster.create("events", event)

    run(test)
