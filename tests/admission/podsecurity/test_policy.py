import pytest

from pilothouse.admission.podsecurity.policy import DEFAULT, LATEST, LevelVersion, Policy, parse

P = "pod-security.kubernetes.io/"


@pytest.mark.parametrize(("labels", "wanted"), [
    ({}, DEFAULT),
    ({"other": "x"}, DEFAULT),
    # who enforces more than is warned about is warned about that too
    ({P + "enforce": "baseline"}, Policy(LevelVersion("baseline"), LevelVersion(), LevelVersion("baseline"))),
    (
        {P + "enforce": "restricted", P + "enforce-version": "v1.30", P + "warn": "restricted"},
        Policy(LevelVersion("restricted", 30), LevelVersion(), LevelVersion("restricted")),
    ),
    (
        {P + "enforce": "restricted", P + "enforce-version": "v1.30"},
        Policy(LevelVersion("restricted", 30), LevelVersion(), LevelVersion("restricted", 30)),
    ),
    ({P + "audit": "baseline", P + "audit-version": "latest"}, Policy(audit=LevelVersion("baseline"))),
])
def test_labels(labels: dict[str, str], wanted: Policy) -> None:
    assert parse(labels) == (wanted, [])


def test_bad_labels_enforce_the_most() -> None:
    policy, errors = parse({P + "enforce": "odd", P + "warn-version": "v9", P + "audit": "bad"})
    assert policy == Policy(LevelVersion("restricted", LATEST), LevelVersion(), LevelVersion())
    assert [str(e) for e in errors] == [
        'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "odd": must be one of privileged, '
        "baseline, restricted",
        'metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: "bad": must be one of privileged, '
        "baseline, restricted",
        'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v9": must be "latest" or "v1.x"',
    ]


def test_text() -> None:
    assert str(LevelVersion("restricted", 30)) == "restricted:v1.30"
    assert str(LevelVersion()) == "privileged:latest"


@pytest.mark.parametrize(("version", "good"), [("v1.9223372036854775807", True), ("v1.9223372036854775808", False)])
def test_minors_are_gos_ints(version: str, good: bool) -> None:
    assert (parse({P + "warn-version": version})[1] == []) == good
