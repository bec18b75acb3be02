import pytest

from pilothouse.apimachinery.domainpath import is_domain_prefixed_path


@pytest.mark.parametrize("value", ["acme.io/foo", "a/b/c", "acme.io/x%20"])
def test_valid(value: str) -> None:
    assert is_domain_prefixed_path("p", value) == []


@pytest.mark.parametrize("value", ["", "foo", "/foo", "acme.io/", "Acme.io/foo", "acme.io/ü"])
def test_invalid(value: str) -> None:
    assert len(is_domain_prefixed_path("p", value)) == 1
