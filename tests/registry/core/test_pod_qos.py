from typing import Any

import pytest

from pilothouse.registry.core.pod_qos import qos_class


def _spec(*resources: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"containers": [{"resources": r} for r in resources], **rest}


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (_spec({}), "BestEffort"),
        (_spec({"requests": {"cpu": "0"}}), "BestEffort"),
        (_spec({"requests": {"nvidia.com/gpu": "1"}}), "BestEffort"),
        (_spec({"requests": {"cpu": "1"}}), "Burstable"),
        (_spec({"requests": BOTH, "limits": BOTH}), "Guaranteed"),
        (_spec({"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": BOTH}), "Guaranteed"),
        (_spec({"requests": BOTH, "limits": {"cpu": "2", "memory": "1Gi"}}), "Burstable"),
        (_spec({"requests": BOTH, "limits": BOTH}, {}), "Burstable"),
        (_spec({"requests": BOTH, "limits": BOTH}, initContainers=[{"resources": {}}]), "Burstable"),
        (_spec({}, resources={"requests": BOTH, "limits": BOTH}), "Guaranteed"),
        (_spec({}, resources={"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), "Burstable"),
    ],
)
def test_qos(spec: dict[str, Any], wanted: str) -> None:
    assert qos_class(spec) == wanted
