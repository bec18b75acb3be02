from pilothouse.apimachinery.user import User
from pilothouse.authorization.accessreview import review_spec
from pilothouse.authorization.interface import Attributes

BOB = User("bob", "uid", ("dev",), {"k": ("v",)})


def test_resources() -> None:
    spec = review_spec(Attributes(
        BOB, "list", api_group="apps", api_version="v1", namespace="ns", resource="deployments", subresource="status",
        name="d", field_selector="a=b,c!=d", label_selector="x in (y,z),!w,v,u!=t",
    ))
    assert spec == {
        "resourceAttributes": {
            "namespace": "ns", "verb": "list", "group": "apps", "version": "v1", "resource": "deployments",
            "subresource": "status", "name": "d",
            "fieldSelector": {"requirements": [
                {"key": "a", "operator": "In", "values": ["b"]}, {"key": "c", "operator": "NotIn", "values": ["d"]},
            ]},
            "labelSelector": {"requirements": [
                {"key": "u", "operator": "NotIn", "values": ["t"]}, {"key": "v", "operator": "Exists"},
                {"key": "w", "operator": "DoesNotExist"}, {"key": "x", "operator": "In", "values": ["y", "z"]},
            ]},
        },
        "user": "bob", "groups": ["dev"], "extra": {"k": ["v"]}, "uid": "uid",
    }


def test_paths_and_selectors_that_cannot_be_read() -> None:
    assert review_spec(Attributes(User("x"), "get", False, "/healthz")) == {
        "nonResourceAttributes": {"path": "/healthz", "verb": "get"}, "user": "x"
    }
    spec = review_spec(Attributes(User("x"), "list", resource="pods", field_selector="a", label_selector="a in ("))
    assert spec["resourceAttributes"] == {"verb": "list", "resource": "pods"}
