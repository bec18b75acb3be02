"""Counts of evaluations, as dashboards name them."""

import pytest

from pilothouse.admission.podsecurity.metrics import ALLOW, DENY, ENFORCE, WARN, PodSecurityMetrics
from pilothouse.admission.podsecurity.policy import LATEST, LevelVersion
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.observability.metrics import Registry
from tests.admission.support import PODS, attributes, pod


@pytest.mark.parametrize(("policy", "labels"), [
    (LevelVersion(), 'policy_level="privileged",policy_version="latest"'),
    (LevelVersion("privileged", 20), 'policy_level="privileged",policy_version="latest"'),
    (LevelVersion("baseline", LATEST), 'policy_level="baseline",policy_version="latest"'),
    (LevelVersion("restricted", 30), 'policy_level="restricted",policy_version="v1.30"'),
    (LevelVersion("restricted", 99), 'policy_level="restricted",policy_version="future"'),
])
def test_policies_of_the_future_are_one(policy: LevelVersion, labels: str) -> None:
    registry = Registry()
    PodSecurityMetrics(registry).evaluated(attributes(PODS, pod()), policy, ENFORCE, DENY)
    named = f'decision="deny",mode="enforce",{labels},request_operation="create",resource="pod",subresource=""'
    assert f"pod_security_evaluations_total{{{named}}} 1\n" in registry.render().decode()


def test_controllers_and_errors() -> None:
    registry = Registry()
    metrics = PodSecurityMetrics(registry)
    a = attributes(GroupResource("apps", "deployments"), {"metadata": {"name": "d"}})
    metrics.evaluated(a, LevelVersion("baseline"), WARN, DENY)
    metrics.failed(a, fatal=True)
    text = registry.render().decode()
    request = 'request_operation="create",resource="controller",subresource=""'
    assert f'mode="warn",policy_level="baseline",policy_version="latest",{request}}} 1\n' in text
    assert f'pod_security_errors_total{{fatal="true",{request}}} 1\n' in text
    assert f'decision="{ALLOW}",mode="enforce",policy_level="privileged"' in text, "there from the start"
