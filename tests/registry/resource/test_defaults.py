from typing import Any

from pilothouse.registry.resource import defaults
from tests.registry.support import NOW_TEXT, Clock


def test_requests() -> None:
    exactly: dict[str, Any] = {"deviceClassName": "c", "tolerations": [{"key": "k"}]}
    every: dict[str, Any] = {"allocationMode": "All"}
    spec = {"devices": {"requests": [{"exactly": exactly}, {"firstAvailable": [every]}]}}
    defaults.default_claim({"spec": spec})
    assert (exactly["allocationMode"], exactly["count"]) == ("ExactCount", 1)
    assert exactly["tolerations"][0]["operator"] == "Equal"
    assert every == {"allocationMode": "All"}


def test_templates() -> None:
    exactly: dict[str, Any] = {}
    defaults.default_claim_template({"spec": {"spec": {"devices": {"requests": [{"exactly": exactly}]}}}})
    assert exactly["count"] == 1


def test_taints_know_when_they_came() -> None:
    taint: dict[str, Any] = {"key": "k"}
    defaults.slice_defaults(Clock())({"spec": {"devices": [{"taints": [taint]}]}})
    assert taint["timeAdded"] == NOW_TEXT
