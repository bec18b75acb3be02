import pytest

from pilothouse.registry.core.images import pull_policy


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.k8s.io:5000/a/b", "Always"),
        ("localhost/a:1", "IfNotPresent"),
        ("example.com/a@sha256:" + "0" * 64, "IfNotPresent"),
        ("example.com/a:latest@sha256:" + "0" * 64, "Always"),
        ("", "IfNotPresent"),
        ("Upper/x", "Always"),
        ("x/Upper", "IfNotPresent"),
        ("no good", "IfNotPresent"),
        ("0" * 64, "IfNotPresent"),
    ],
)
def test_pull_policy(image: str, policy: str) -> None:
    assert pull_policy(image) == policy
