import pytest

from pilothouse.endpoints.openapi.naming import article, operation_id, tag, titled


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("api/v1", "core_v1"), ("api", "core"), ("apis", "apis"), ("apis/apps", "apps"), ("apis/apps/v1", "apps_v1"),
        ("apis/rbac.authorization.k8s.io/v1", "rbacAuthorization_v1"), ("version", "version"),
        (".well-known/openid-configuration", "WellKnown"), ("apis/stable.example.com/v1", "stableExampleCom_v1"),
    ],
)  # fmt: skip
def test_tags(root: str, expected: str) -> None:
    assert tag(root) == expected


def test_operation_ids() -> None:
    assert operation_id("list", "api/v1", "NamespacedPod") == "listCoreV1NamespacedPod"
    assert operation_id("read", "apis/rbac.authorization.k8s.io/v1", "Role") == "readRbacAuthorizationV1Role"
    assert operation_id("get", "apis", "APIVersions") == "getAPIVersions"
    assert operation_id("get", "apis/apps", "APIGroup") == "getAppsAPIGroup"


def test_words() -> None:
    assert [article(kind) for kind in ("Pod", "Ingress", "Endpoints", "IngressClass")] == [" a ", " an ", " ", " an "]
    assert titled("ephemeralcontainers") == "Ephemeralcontainers"
    assert titled("") == ""
