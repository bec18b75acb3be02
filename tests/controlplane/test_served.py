from pilothouse.controlplane.served import served_groups
from pilothouse.registry.kinds import Group, Version

GROUPS = (
    Group("", 18000, (Version("v1", 1, ()),)),
    Group("autoscaling", 17500, (Version("v2", 30, ()), Version("v1", 15, ()))),
)


def names(config: dict[str, str]) -> list[tuple[str, list[str]]]:
    return [(g.name, [v.version for v in g.versions]) for g in served_groups(GROUPS, config)]


def test_everything_by_default() -> None:
    assert names({}) == [("", ["v1"]), ("autoscaling", ["v2", "v1"])]


def test_versions_can_be_turned_off() -> None:
    assert names({"autoscaling/v2": "false"}) == [("", ["v1"]), ("autoscaling", ["v1"])]
    assert names({"api/all": "false", "v1": "true"}) == [("", ["v1"])]
