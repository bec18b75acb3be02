import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.lastapplied import ANNOTATION
from pilothouse.apimachinery.managedfields.manager import FieldManager
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.status import StatusError

SAMPLE = GroupVersionKind("", "v1", "Sample")
T1, T2, T3 = (f"2026-01-01T00:00:0{i}Z" for i in (1, 2, 3))


def entry(
    manager: str, fields: Any, operation: str = "Update", time: str | None = T1, version: str = "v1", **more: Any
) -> dict[str, Any]:
    out = {
        "manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields,
    }
    return out | ({"time": time} if time else {}) | more


def obj(spec: Any = None, managed: Any = None, uid: str = "u", **metadata: Any) -> dict[str, Any]:
    meta = {"name": "x", **metadata} | ({"uid": uid} if uid else {})
    if managed is not None:
        meta["managedFields"] = managed
    return {"kind": "Sample", "apiVersion": "v1", "metadata": meta, "spec": spec or {}}


def managed_of(found: dict[str, Any]) -> Any:
    return found["metadata"].get("managedFields")


class Endpoint:
    """A field manager that checks that it leaves its arguments as they are."""

    def __init__(self, type: Type, gvk: GroupVersionKind = SAMPLE, **options: Any) -> None:
        self.manager = FieldManager(type, gvk, **options)

    def update(self, live: Any, new: Any, manager: str = "m", now: str = T1) -> dict[str, Any]:
        before = copy.deepcopy((live, new))
        found = self.manager.update(live, new, manager, now)
        assert (live, new) == before
        return found

    def apply(self, live: Any, patch: Any, manager: str = "m", force: bool = False, now: str = T1) -> dict[str, Any]:
        before = copy.deepcopy((live, patch))
        found = self.manager.apply(live, patch, manager, force, now)
        assert (live, patch) == before
        return found


@pytest.fixture(scope="session")
def endpoint(sample: Type) -> Endpoint:
    return Endpoint(sample)


TEXT = {"f:spec": {"f:text": {}}}
REPLICAS = {"f:spec": {"f:replicas": {}}}
BOTH = {"f:spec": {"f:replicas": {}, "f:text": {}}}


def test_create(endpoint: Endpoint) -> None:
    new = obj({"text": "a"}, uid="", labels={"b": "1", "a": "2"})
    new["metadata"] |= {"namespace": "n", "resourceVersion": "5"}
    found = endpoint.update(None, new)
    fields = {"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}, **TEXT}
    assert managed_of(found) == [entry("m", fields)]
    assert list(managed_of(found)[0]["fieldsV1"]["f:metadata"]["f:labels"]) == [".", "f:a", "f:b"]
    assert found == new | {"metadata": new["metadata"] | {"managedFields": managed_of(found)}}
    assert endpoint.update({}, new) == found


def test_an_object_of_which_nobody_owns_anything(endpoint: Endpoint) -> None:
    assert endpoint.update(None, obj(uid="")) == obj(uid="")
    assert endpoint.update(None, {"kind": "Sample"}) == {"kind": "Sample"}


def test_a_nameless_manager_is_unknown(endpoint: Endpoint) -> None:
    assert managed_of(endpoint.update(None, obj({"text": "a"}, uid=""), "")) == [entry("unknown", TEXT)]


def test_objects_from_storage_have_no_kind(endpoint: Endpoint) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    stored = {name: value for name, value in live.items() if name not in ("kind", "apiVersion")}
    new = obj({"text": "b"}, [entry("m", TEXT)])
    assert managed_of(endpoint.update(stored, new, "o", T2)) == [entry("o", TEXT, time=T2)]


def test_a_manager_joins_what_it_owned(endpoint: Endpoint) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    new = obj({"text": "a", "replicas": 1})
    assert managed_of(endpoint.update(live, new, now=T2)) == [entry("m", BOTH, time=T2)]
    assert managed_of(endpoint.update(live, new, "o", T2)) == [entry("m", TEXT), entry("o", REPLICAS, time=T2)]


def test_writing_what_is_there_changes_nothing(endpoint: Endpoint) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)], resourceVersion="1")
    for new in (live, obj({"text": "a"}, resourceVersion="1"), obj({"text": "a"}, resourceVersion="2")):
        assert managed_of(endpoint.update(live, new, "o", T2)) == [entry("m", TEXT)]


def test_managers_that_lose_everything_go(endpoint: Endpoint) -> None:
    live = obj({"text": "a", "replicas": 1}, [entry("m", TEXT), entry("n", REPLICAS)])
    new = obj({"text": "b"})
    assert managed_of(endpoint.update(live, new, "o", T2)) == [entry("o", TEXT, time=T2)]


def test_entries_of_subresources_and_versions_are_apart(sample: Type) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    new = obj({"text": "a", "replicas": 1})
    status = Endpoint(sample, subresource="status")
    assert managed_of(status.update(live, new, "m", T2)) == [
        entry("m", TEXT), entry("m", REPLICAS, time=T2, subresource="status"),
    ]


def test_a_client_may_set_managers(endpoint: Endpoint) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    theirs = [entry("other", {"f:spec": {"f:text": {".": {}}, "f:map": {}}})]
    assert managed_of(endpoint.update(live, obj({"text": "a"}, theirs))) == [
        entry("other", {"f:spec": {"f:map": {}, "f:text": {}}}),
    ]


def test_but_not_through_a_subresource(sample: Type) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    status = Endpoint(sample, subresource="status")
    for theirs in ([entry("other", TEXT)], [], [{}]):
        assert managed_of(status.update(live, obj({"text": "a"}, theirs), now=T2)) == [entry("m", TEXT)]


@pytest.mark.parametrize("theirs", [
    [entry("x", TEXT, operation="Odd")], [entry("x", TEXT, version="")], [entry("x", {"bad": {}})], [{"manager": "x"}],
    [entry("x", TEXT) | {"fieldsType": "V2"}], [{}, {}],
])
def test_managers_that_make_no_sense_are_ignored(endpoint: Endpoint, theirs: Any) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    assert managed_of(endpoint.update(live, obj({"text": "a"}, theirs))) == [entry("m", TEXT)]
    created = endpoint.update(None, obj({"text": "a"}, theirs, uid=""))
    assert managed_of(created) == [entry("m", TEXT)]


@pytest.mark.parametrize("reset", [[], [{}]])
def test_a_client_may_reset_all_managers(endpoint: Endpoint, reset: Any) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    for text in ("a", "b"):
        found = endpoint.update(live, obj({"text": text}, reset))
        assert found == obj({"text": text})
        assert endpoint.update(found, obj({"text": "c"}))  == obj({"text": "c"})  # no longer tracked


def test_on_create_a_reset_has_no_meaning(endpoint: Endpoint) -> None:
    assert managed_of(endpoint.update(None, obj({"text": "a"}, [{}], uid=""))) == [entry("m", TEXT)]


def test_objects_that_cannot_be_compared_lose_their_managers(endpoint: Endpoint) -> None:
    live = obj({"text": "a"}, [entry("m", TEXT)])
    assert endpoint.update(live, obj({"nosuch": 1})) == obj({"nosuch": 1})
    assert endpoint.update(live, obj({"ports": [None]})) == obj({"ports": [None]})


def test_reset_fields(sample: Type) -> None:
    main = Endpoint(sample, reset_fields=fieldset.from_paths([("status",)]))
    new = obj({"text": "a"}, uid="") | {"status": {"phase": "x"}}
    assert managed_of(main.update(None, new)) == [entry("m", TEXT)]


def test_old_updaters_are_merged(endpoint: Endpoint) -> None:
    live = obj({"map": {}}, [entry("m", {"f:spec": {"f:map": {}}}, time="2026-01-01T00:00:00Z")])
    for i in range(12):
        new = copy.deepcopy(live)
        new["spec"]["map"][f"k{i:02}"] = "v"
        live = endpoint.update(live, new, f"m{i:02}", f"2026-01-01T00:01:{i:02}Z")
    found = managed_of(live)
    assert [e["manager"] for e in found] == ["ancient-changes", *(f"m{i:02}" for i in range(3, 12))]
    assert found[0] == entry(
        "ancient-changes", {"f:spec": {"f:map": {".": {}, "f:k00": {}, "f:k01": {}, "f:k02": {}}}},
        time="2026-01-01T00:01:02Z",
    )


def test_very_many_updaters_are_merged(endpoint: Endpoint) -> None:
    """A client may set managers itself, as many as a body holds."""
    many = [entry(f"m{i:05}", {"f:spec": {"f:map": {f"f:k{i:05}": {}}}}) for i in range(20_000)]
    found = managed_of(endpoint.update(obj({"text": "a"}), obj({"text": "a"}, many)))
    assert [e["manager"] for e in found] == ["ancient-changes", *(f"m{i:05}" for i in range(19_991, 20_000))]
    assert len(found[0]["fieldsV1"]["f:spec"]["f:map"]) == 19_991


def test_appliers_are_not_merged(endpoint: Endpoint) -> None:
    live: Any = None
    for i in range(12):
        live = endpoint.apply(live, obj({"map": {f"k{i}": "v"}}, uid=""), f"m{i}")
    assert len(managed_of(live)) == 12


# apply


def test_apply_creates(endpoint: Endpoint) -> None:
    patch = obj({"text": "a", "ports": [{"port": 1}]}, uid="", labels={"l": "1"})
    found = endpoint.apply(None, patch)
    assert managed_of(found) == [entry("m", {
        "f:metadata": {"f:labels": {"f:l": {}}},
        "f:spec": {"f:ports": {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}}}, "f:text": {}},
    }, "Apply")]
    assert found == patch | {"metadata": patch["metadata"] | {"managedFields": managed_of(found)}}


def test_apply_again_changes_no_time(endpoint: Endpoint) -> None:
    patch = obj({"text": "a"}, uid="")
    live = endpoint.apply(None, patch)
    live["metadata"]["uid"] = "u"
    assert endpoint.apply(live, patch, now=T2) == live
    live["metadata"]["resourceVersion"] = "7"
    changed = endpoint.apply(live, obj({"text": "b"}, uid=""), now=T2)
    assert changed == obj({"text": "b"}, [entry("m", TEXT, "Apply", T2)], resourceVersion="7")


def test_an_apply_of_what_is_there_has_no_time(endpoint: Endpoint) -> None:
    live = endpoint.apply(None, obj({"text": "a"}))
    found = endpoint.apply(live, obj({"text": "a"}), "n", now=T2)
    assert managed_of(found) == [entry("n", TEXT, "Apply", None), entry("m", TEXT, "Apply", T1)]


def test_apply_conflicts(endpoint: Endpoint) -> None:
    live = obj({"text": "a", "replicas": 1}, [entry("hand", BOTH)])
    with pytest.raises(StatusError) as e:
        endpoint.apply(live, obj({"text": "b", "replicas": 1}))
    assert (e.value.code, e.value.message) == (
        409, 'Apply failed with 1 conflict: conflict with "hand" using v1: .spec.text'
    )
    forced = endpoint.apply(live, obj({"text": "b", "replicas": 1}), force=True, now=T2)
    assert managed_of(forced) == [entry("m", BOTH, "Apply", T2), entry("hand", REPLICAS)]


def test_apply_removes_what_its_manager_gave_up(endpoint: Endpoint) -> None:
    live = endpoint.apply(None, obj({"text": "a", "replicas": 1}))
    found = endpoint.apply(live, obj({"replicas": 1}), now=T2)
    assert found == obj({"replicas": 1}, [entry("m", REPLICAS, "Apply", T2)])


def test_the_first_apply_to_an_untracked_object(endpoint: Endpoint) -> None:
    live = obj({"text": "a", "replicas": 1})
    found = endpoint.apply(live, obj({"text": "a"}), now=T2)
    assert managed_of(found) == [entry("m", TEXT, "Apply", None), entry("before-first-apply", BOTH, time=T2)]
    with pytest.raises(StatusError, match='conflict with "before-first-apply" using v1'):
        endpoint.apply(live, obj({"text": "b"}))


@pytest.mark.parametrize(("patch", "code", "message"), [
    ({}, 400, "invalid object type: /, Kind="),
    ({"kind": "Sample"}, 400, "invalid object type: /, Kind=Sample"),
    ({"kind": "Odd", "apiVersion": "v1"}, 400, "invalid object type: /v1, Kind=Odd"),
    ({"kind": "Sample", "apiVersion": "a/v1"}, 400, "invalid object type: a/v1, Kind=Sample"),
    ({"kind": "Sample", "apiVersion": "a/b/c"}, 400, "invalid object type: /, Kind=Sample"),
    (obj(managed=[]), 400, "metadata.managedFields must be nil"),
    (obj(managed=[{"manager": "x"}]), 400, "metadata.managedFields must be nil"),
    (obj({"nosuch": 1}), 500,
     "failed to create typed patch object (/x; /v1, Kind=Sample): .spec.nosuch: field not declared in schema"),
    (obj({"set": ["a", "a"]}, namespace="n"), 500,
     'failed to create typed patch object (n/x; /v1, Kind=Sample): .spec.set: duplicate entries for key [="a"]'),
])
def test_patches_that_cannot_be_applied(endpoint: Endpoint, patch: Any, code: int, message: str) -> None:
    with pytest.raises(StatusError) as e:
        endpoint.apply(obj({"text": "a"}), patch)
    assert (e.value.code, e.value.message) == (code, message)


def test_live_managers_that_cannot_be_read(endpoint: Endpoint) -> None:
    with pytest.raises(StatusError) as e:
        endpoint.apply(obj({}, [entry("x", TEXT, "Odd")]), obj({"text": "a"}))
    assert e.value.code == 500
    assert e.value.message == "failed to decode managed fields: operation must be `Apply` or `Update`"


def test_null_managed_fields_in_a_patch_are_none(endpoint: Endpoint) -> None:
    patch = obj({"text": "a"})
    patch["metadata"]["managedFields"] = None
    assert managed_of(endpoint.apply(None, patch)) == [entry("m", TEXT, "Apply")]


def test_repeated_items_of_the_live_object_do_not_matter(endpoint: Endpoint) -> None:
    live = obj({"set": ["a", "a", "b"]}, [entry("hand", {"f:spec": {"f:set": {".": {}, 'v:"a"': {}}}})])
    found = endpoint.apply(live, obj({"set": ["c"]}))
    assert found["spec"]["set"] == ["a", "a", "b", "c"]


# kubectl's move from client-side apply


def client_side(text: str, replicas: int) -> dict[str, Any]:
    annotation = f'{{"apiVersion":"v1","kind":"Sample","metadata":{{"name":"x"}},"spec":{{"text":"{text}"}}}}'
    fields = {"f:metadata": {"f:annotations": {".": {}, "f:" + ANNOTATION: {}}}, **TEXT}
    managed = [entry("kubectl-client-side-apply", fields), entry("hand", REPLICAS)]
    return obj({"text": "a", "replicas": replicas}, managed, annotations={ANNOTATION: annotation})


def test_kubectl_takes_over_what_it_applied(endpoint: Endpoint) -> None:
    found = endpoint.apply(client_side("a", 1), obj({"text": "b"}, uid=""), "kubectl", now=T2)
    assert found["spec"] == {"text": "b", "replicas": 1}
    assert found["metadata"]["annotations"][ANNOTATION] == (
        '{"apiVersion":"v1","kind":"Sample","metadata":{"name":"x"},"spec":{"text":"b"}}\n'
    )
    fields = {"f:metadata": {"f:annotations": {".": {}, "f:" + ANNOTATION: {}}}}
    assert managed_of(found) == [
        entry("kubectl", TEXT, "Apply", T2), entry("hand", REPLICAS), entry("kubectl-client-side-apply", fields),
    ]


def test_what_kubectl_did_not_apply_stays_a_conflict(endpoint: Endpoint) -> None:
    with pytest.raises(StatusError) as e:
        endpoint.apply(client_side("a", 1), obj({"text": "b", "replicas": 2}), "kubectl")
    assert e.value.message == 'Apply failed with 1 conflict: conflict with "hand" using v1: .spec.replicas'
    with pytest.raises(StatusError):
        endpoint.apply(client_side("changed since", 1), obj({"text": "b"}), "kubectl")
    with pytest.raises(StatusError):
        endpoint.apply(client_side("a", 1), obj({"text": "b"}), "another manager")


# built-in kinds, against kube-apiserver's answers


def built_in(group: str, version: str, kind: str) -> Endpoint:
    gvk = GroupVersionKind(group, version, kind)
    found = catalog.type_for(gvk)
    assert found is not None
    return Endpoint(found, gvk, reset_fields={"f:status": {}})


def test_a_deployment() -> None:
    pod = {
        "containers": [{
            "name": "c", "image": "i", "resources": {}, "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "env": [{"name": "A", "value": "1"}],
        }],
        "restartPolicy": "Always", "securityContext": {}, "volumes": [{"name": "v", "emptyDir": {}}],
    }
    new = {
        "kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod},
        },
        "status": {},
    }
    container = {
        ".": {}, "f:env": {".": {}, 'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}}, "f:image": {},
        "f:name": {},
        "f:ports": {
            ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
        },
        "f:resources": {},
    }
    assert managed_of(built_in("apps", "v1", "Deployment").update(None, new)) == [entry("m", {"f:spec": {
        "f:replicas": {}, "f:selector": {}, "f:strategy": {"f:type": {}},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {
                "f:containers": {'k:{"name":"c"}': container}, "f:restartPolicy": {}, "f:securityContext": {},
                "f:volumes": {".": {}, 'k:{"name":"v"}': {".": {}, "f:emptyDir": {}, "f:name": {}}},
            },
        },
    }}, version="apps/v1")]


def test_a_container_without_its_key_is_one_with_an_empty_name() -> None:
    patch = {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"},
        "spec": {"containers": [{"image": "i"}, {"image": "j", "name": "c"}]},
    }
    found = built_in("", "v1", "Pod").apply(None, patch)
    assert managed_of(found) == [entry("m", {"f:spec": {"f:containers": {
        'k:{"name":""}': {".": {}, "f:image": {}}, 'k:{"name":"c"}': {".": {}, "f:image": {}, "f:name": {}},
    }}}, "Apply")]


def test_unset_fields_that_go_always_writes_are_not_owned() -> None:
    node = {"kind": "CSINode", "apiVersion": "storage.k8s.io/v1", "metadata": {"name": "n"}, "spec": {"drivers": None}}
    endpoint = built_in("storage.k8s.io", "v1", "CSINode")
    assert managed_of(endpoint.update(None, node)) is None
    node["spec"] = {"drivers": []}
    assert managed_of(endpoint.update(None, node)) == [
        entry("m", {"f:spec": {"f:drivers": {}}}, version="storage.k8s.io/v1"),
    ]


# laws

texts = st.sampled_from("xyz")
specs = st.fixed_dictionaries({}, optional={
    "text": texts, "replicas": st.integers(0, 2), "map": st.dictionaries(texts, texts, max_size=2),
    "set": st.lists(texts, unique=True, max_size=2),
    "ports": st.lists(st.fixed_dictionaries({"port": st.integers(1, 3)}, optional={"name": texts}),
                      unique_by=lambda port: port["port"], max_size=2),
})


@given(specs, specs)
def test_applying_twice_is_applying_once(endpoint: Endpoint, live: Any, config: Any) -> None:
    patch = obj({"text": "x"} | config)  # an apply that owns nothing leaves the object untracked
    once = endpoint.apply(obj(live), patch, force=True)
    assert endpoint.apply(once, patch, now=T2) == once


@given(specs, specs)
def test_an_applier_owns_exactly_what_it_named(endpoint: Endpoint, first: Any, second: Any) -> None:
    live = endpoint.apply(endpoint.apply(None, obj(first)), obj(second))
    fresh = endpoint.apply(None, obj(second))

    def applied(found: dict[str, Any]) -> list[Any]:
        return [e["fieldsV1"] for e in managed_of(found) or () if e["operation"] == "Apply"]

    assert applied(live) == applied(fresh)


@given(specs, specs)
def test_appliers_that_share_nothing_do_not_see_each_other(endpoint: Endpoint, ours: Any, theirs: Any) -> None:
    theirs = {name: value for name, value in theirs.items() if name not in ours}
    live = endpoint.apply(endpoint.apply(None, obj(ours), "a"), obj(theirs), "b")
    gone = endpoint.apply(live, obj({}), "b")
    kept = {name: value for name, value in gone.get("spec", {}).items() if value not in ({}, [])}
    assert kept == {name: value for name, value in ours.items() if value not in ({}, [])}


@given(st.lists(st.tuples(specs, st.sampled_from("abc")), max_size=4))
def test_every_field_has_one_updater(endpoint: Endpoint, writes: list[tuple[Any, str]]) -> None:
    live = endpoint.update(None, obj({"flag": True}, uid=""), "creator")
    live["metadata"]["uid"] = "u"
    for spec, manager in writes:
        live = endpoint.update(live, obj(spec | {"flag": True}), manager)
    owners: list[Any] = [path for e in managed_of(live) for path in fieldset.paths(e["fieldsV1"])]
    assert len(owners) == len(set(owners))
    everything = endpoint.update(None, live | {"metadata": {"name": "x"}})
    assert set(owners) <= set(fieldset.paths(managed_of(everything)[0]["fieldsV1"]))
