"""What resource names say."""

import pytest

from pilothouse.registry.core import resource_names as names


@pytest.mark.parametrize(
    ("name", "native", "extended", "overcommit", "integer"),
    [
        ("cpu", True, False, True, False),
        ("pods", True, False, True, True),
        ("hugepages-2Mi", True, False, False, False),
        ("example.com/gpu", False, True, False, True),
        ("requests.example.com/gpu", False, False, False, False),
        ("x.kubernetes.io/y", True, False, True, False),
    ],
)
def test_names(name: str, native: bool, extended: bool, overcommit: bool, integer: bool) -> None:
    assert names.is_native(name) is native
    assert names.is_extended(name) is extended
    assert names.is_overcommit_allowed(name) is overcommit
    assert names.is_integer(name) is integer


@pytest.mark.parametrize(
    ("name", "amount", "whole"),
    [("hugepages-2Mi", "4Mi", True), ("hugepages-2Mi", "3Mi", False), ("hugepages-x", "1", False),
     ("hugepages-0", "1", False)],
)
def test_huge_pages(name: str, amount: str, whole: bool) -> None:
    assert names.is_divisible_by_page(name, amount) is whole
