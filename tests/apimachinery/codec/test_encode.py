from pilothouse.apimachinery.codec.encode import encode, encode_pretty


def test_compact_with_gos_escapes_and_a_line_end() -> None:
    value = {"a": "<b> & \u2028\u2029\u2030"}
    assert encode(value) == '{"a":"\\u003cb\\u003e \\u0026 \\u2028\\u2029\u2030"}\n'.encode()


def test_pretty_has_two_blanks_and_no_line_end() -> None:
    assert encode_pretty({"a": [], "b": {"c": 1}}) == b'{\n  "a": [],\n  "b": {\n    "c": 1\n  }\n}'
