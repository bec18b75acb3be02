from typing import Any

from pilothouse.registry.rbac.defaults import GROUP, default_binding


def test_groups_of_roles_and_subjects() -> None:
    subjects: list[dict[str, Any]] = [{"kind": kind} for kind in ("User", "Group", "ServiceAccount")]
    binding: dict[str, Any] = {"roleRef": {"apiGroup": ""}, "subjects": subjects}
    default_binding(binding)
    assert binding["roleRef"]["apiGroup"] == GROUP
    assert [subject.get("apiGroup") for subject in subjects] == [GROUP, GROUP, None]
