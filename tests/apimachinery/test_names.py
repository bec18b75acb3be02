from pilothouse.apimachinery import names


def test_generate_name_keeps_to_63_bytes() -> None:
    name = names.generate_name("x" * 70)
    assert len(name) == 63
    assert set(name[58:]) <= set(names.SUFFIX_ALPHABET)
    assert names.generate_name("gen-").startswith("gen-")


def test_prefixes_may_end_in_a_dash() -> None:
    assert names.is_dns_label("abc-", True) == []
    assert names.is_dns_label("abc-") != []
    assert names.is_dns1035_label("1a") != []
    assert names.is_dns_subdomain("a.b") == []
    assert names.is_path_segment("..", True) == []
    assert names.is_path_segment("..") == ["may not be '..'"]
