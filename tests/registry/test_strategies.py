from pilothouse.registry.strategies import keep, label_name_warnings
from tests.registry.cluster import Cluster, Object, run


def test_keep() -> None:
    obj = {"a": 1, "b": 2}
    keep(obj, {"a": 3}, "a", "b", "c")
    assert obj == {"a": 3}


def test_names_that_are_good_labels_are_not_warned_about() -> None:
    assert label_name_warnings({"name": "a"}, "x") == []
    assert label_name_warnings({"name": "a.b"}, "x")[0].startswith("metadata.name: this is used in x, which")


def test_a_status_that_leaves_the_metadata_alone() -> None:
    async def test(cluster: Cluster) -> None:
        group = "admissionregistration.k8s.io"
        rule = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}
        spec = {"validations": [{"expression": "true"}], "matchConstraints": {"resourceRules": [rule]}}
        policy = {"metadata": {"name": "p"}, "spec": spec}
        await cluster.create("validatingadmissionpolicies", policy, group=group)

        def change(obj: Object) -> None:
            obj["metadata"]["labels"] = {"a": "b"}
            obj["status"] = {"observedGeneration": 1}

        updated = await cluster.update("validatingadmissionpolicies", "p", change, group=group, subresource="status")
        assert updated["status"] == {"observedGeneration": 1}
        assert "labels" not in updated["metadata"]

    run(test)
