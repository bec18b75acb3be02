from collections.abc import Callable

import pytest

from pilothouse.apimachinery import validation as v

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


@pytest.mark.parametrize(("check", "value", "wanted"), [
    (v.is_dns1123_subdomain, "a.b-c", []),
    (v.is_dns1123_subdomain, "A", [SUBDOMAIN]),
    (v.is_dns1123_subdomain, "a\n", [SUBDOMAIN]),
    (v.is_dns1123_subdomain, "a" * 254, ["must be no more than 253 characters"]),
    (v.is_dns1123_label, "a.b", ["must not contain dots"]),
    (v.is_dns1123_label, "a" * 64, ["must be no more than 63 characters"]),
    (v.is_label_key, "a.b/c", []),
    (v.is_label_key, "/c", ["prefix part must be non-empty"]),
    (v.is_label_key, "A/c", ["prefix part " + SUBDOMAIN]),
    (v.is_label_key, "a" * 64, ["name part must be no more than 63 bytes"]),
    (v.is_label_value, "", []),
    (v.is_label_value, "a" * 64, ["must be no more than 63 bytes"]),
    (v.is_port_name, "http", []),
    (v.is_port_name, "-1--", [
        "must contain at least one letter (a-z)", "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
    ]),
    (v.is_config_map_key, "..a", ["must not start with '..'"]),
    (v.is_config_map_key, ".", ["must not be '.'"]),
    (v.is_env_var_name, "A.b-c", []),
    (v.is_relaxed_env_var_name, "a=b", [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]),
    (v.is_path_segment_name, "..", ["may not be '..'"]),
    (v.is_path_segment_name, "a/b%", ["may not contain '/'", "may not contain '%'"]),
    (v.is_percent, "5%", []),
])
def test_formats(check: Callable[[str], list[str]], value: str, wanted: list[str]) -> None:
    assert check(value) == wanted


def test_label_key_names_its_rule() -> None:
    assert v.is_label_key("bad label") == [
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    ]


def test_ports_and_ids() -> None:
    assert v.is_port_number(80) == []
    assert v.is_port_number(0) == ["must be between 1 and 65535, inclusive"]
    assert v.is_user_id(-1) == ["must be between 0 and 2147483647, inclusive"]
