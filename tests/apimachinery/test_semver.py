import pytest

from pilothouse.apimachinery import semver


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3.4", " 1.2.3"]
)
def test_no_versions(text: str) -> None:
    assert semver.parse(text) is None


def test_order() -> None:
    ordered = [
        "0.0.0-alpha", "0.0.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    ]
    versions = [semver.parse(text) for text in ordered]
    for i, first in enumerate(versions):
        for j, second in enumerate(versions):
            assert first is not None
            assert second is not None
            assert semver.older(first, second) == (i < j), (ordered[i], ordered[j])


def test_builds_do_not_count() -> None:
    assert semver.parse("0.0.0+build.1") == semver.ZERO
