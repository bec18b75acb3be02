import pytest

from pilothouse.apimachinery.managedfields import names


@pytest.mark.parametrize(("manager", "agent", "name"), [
    ("m", "kubectl/v1", "m"),
    ("", "kubectl/v1.36.2 (linux/amd64)", "kubectl"),
    ("", "golden", "golden"),
    ("", "", ""),
    ("", "/x", ""),
    ("", "a\x07b\tc/1", "abc"),
    ("", "Mozilla 5 /x", "Mozilla 5 "),
    ("", "x" * 200, "x" * 128),
    ("", "ü" * 100, "ü" * 64),
    ("", "x" + "ü" * 100, "x" + "ü" * 63),
])
def test_manager_name(manager: str, agent: str, name: str) -> None:
    assert names.manager_name(manager, agent) == name


def test_validation() -> None:
    assert names.validate_manager_name("") == []
    assert names.validate_manager_name("kubectl-client-side-apply ü") == []
    assert names.validate_manager_name("x" * 128) == []
    assert [str(e) for e in names.validate_manager_name("ü" * 65)] == [
        "fieldManager: Too long: may not be more than 128 bytes",
    ]
    assert [str(e) for e in names.validate_manager_name("üa\x07\n", "metadata.x")] == [
        'metadata.x: Invalid value: "üa\\a\\n": invalid character U+0007 (at position 3)',
        'metadata.x: Invalid value: "üa\\a\\n": invalid character U+000A (at position 4)',
    ]


def test_an_apply_needs_a_name() -> None:
    assert [str(e) for e in names.validate_apply_options("")] == [
        "fieldManager: Required value: is required for apply patch",
    ]
    assert names.validate_apply_options("m") == []
