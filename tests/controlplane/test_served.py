import pytest

from pilothouse.controlplane.served import errors, served_groups
from pilothouse.registry import groups
from pilothouse.registry.dependencies import Dependencies

GROUPS = groups.build(Dependencies())


def served(config: dict[str, str], *gates: str) -> set[str]:
    """Group versions, without the core group's."""
    found = served_groups(GROUPS, config, lambda gate: gate in gates)
    return {f"{group.name}/{version.version}" for group in found for version in group.versions}


DEFAULT = served({})


def test_only_stable_versions_by_default() -> None:
    assert {"/v1", "apps/v1", "autoscaling/v2", "autoscaling/v1"} <= DEFAULT
    assert not [version for version in DEFAULT if "alpha" in version or "beta" in version]


def test_versions_can_be_turned_off() -> None:
    assert served({"autoscaling/v2": "false"}) == DEFAULT - {"autoscaling/v2"}
    assert served({"api/all": "false", "/v1": "true"}) == {"/v1"}
    assert served({"api/ga": "false", "apps/v1": "1"}) == {"apps/v1"}


def test_versions_can_be_turned_on() -> None:
    assert served({"networking.k8s.io/v1beta1": ""}) == DEFAULT | {"networking.k8s.io/v1beta1"}
    alpha = served({"api/alpha": "true"}) - DEFAULT
    assert "admissionregistration.k8s.io/v1alpha1" in alpha
    assert not [version for version in alpha if "beta" in version]
    assert served({"api/all": "true", "api/beta": "false", "api/alpha": "false"}) == DEFAULT


def test_single_resources() -> None:
    found = served_groups(GROUPS, {
        "networking.k8s.io/v1beta1/ipaddresses": "true", "networking.k8s.io/v1/servicecidrs": "false",
    })
    networking = next(group for group in found if group.name == "networking.k8s.io")
    assert [(v.version, [r.name for r in v.resources]) for v in networking.versions] == [
        ("v1", ["ingressclasses", "ingresses", "ipaddresses", "networkpolicies"]), ("v1beta1", ["ipaddresses"]),
    ]


@pytest.mark.parametrize(("config", "error"), [
    ({"api/all": "false"}, "invalid runtime-config with only api/all=false"),
    ({"v1": "true"}, "runtime-config invalid key v1"),
    ({"a/b/c/d": "true"}, "runtime-config invalid key a/b/c/d"),
    ({"z/v1": "true", "example.com/v1": "true", "apps/v9": "true"}, "unknown api groups example.com/v1,z/v1"),
    ({"apps/v9": "true"}, "group version apps/v9 that has not been registered"),
    ({"api/beta": "yes"}, "invalid value api/beta=yes"),
    ({"api/beta": ""}, "invalid value api/beta="),
    (
        {"apps/v1": "perhaps"},
        'invalid value of apps/v1: perhaps, err: strconv.ParseBool: parsing "perhaps": invalid syntax',
    ),
    (
        {"apps/v1/Deployments": "true"},
        'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, '
        'not "Deployments"',
    ),
])
def test_errors(config: dict[str, str], error: str) -> None:
    assert list(errors(config)) == [error]


def test_good_settings() -> None:
    assert not list(errors({"api/all": "true", "apps/v1beta1": "true", "apps/v1/deployments": "false", "/v1": ""}))
