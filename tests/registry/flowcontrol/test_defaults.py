from typing import Any

from pilothouse.registry.flowcontrol.defaults import default_priority_level


def test_limited_and_exempt() -> None:
    limited: dict[str, Any] = {"nominalConcurrencyShares": None, "limitResponse": {"queuing": {"queues": 8}}}
    exempt: dict[str, Any] = {}
    default_priority_level({"spec": {"limited": limited, "exempt": exempt}})
    assert (limited["nominalConcurrencyShares"], limited["lendablePercent"]) == (30, 0)
    assert limited["limitResponse"]["queuing"] == {"queues": 8, "handSize": 8, "queueLengthLimit": 50}
    assert exempt == {"nominalConcurrencyShares": 0, "lendablePercent": 0}
