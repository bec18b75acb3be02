from pilothouse.controlplane.flow_schema_status import dangling_condition


def test_dangling() -> None:
    found = dangling_condition("x", {"x"})
    assert (found["status"], found["reason"]) == ("False", "Found")
    assert found["message"].endswith('named "x" and it exists')
    missing = dangling_condition("x", set())
    assert (missing["status"], missing["reason"]) == ("True", "NotFound")
    assert missing["message"].endswith('named "x" but there is no such object')
