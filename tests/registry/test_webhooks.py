import pytest

from pilothouse.registry.webhooks import URL, parse_url, validate_service, validate_url
from tests.registry.checks import begins


@pytest.mark.parametrize(("url", "expected"), [
    ("https://a.b:8443/c", []),
    ("http://x", [": Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host"]),
    ("https:///p", [': Invalid value: "": host must be specified']),
    ("https://u:p@x/?q#f", [
        ': Invalid value: "u:p": user information', ': Invalid value: "f": fragments', ': Invalid value: "q": query',
    ]),
    (":x", [': Required value: url must be a valid URL: parse ":x": missing protocol scheme; desired format']),
    ("https://a:b/", [': Required value: url must be a valid URL: parse "https://a:b/": invalid port ":b" after host']),
    ("https://a/%zz", [': Required value: url must be a valid URL: parse "https://a/%zz": invalid URL escape "%zz"']),
])
def test_urls(url: str, expected: list[str]) -> None:
    begins(validate_url(url), expected)


def test_parts_of_a_url() -> None:
    assert parse_url("mailto:x") == URL("mailto", None, "", "", "")
    assert parse_url("https://[::1]:80/a?b#c%20d") == URL("https", None, "[::1]:80", "b", "c d")
    with pytest.raises(ValueError, match="first path segment"):
        parse_url("a_b:c")


def test_services() -> None:
    good = {"namespace": "n", "name": "s", "port": 443, "path": "/a/b/"}
    begins(validate_service(good), [])
    begins(validate_service({"port": 0}), [
        "name: Required value", "namespace: Required value", "port: Invalid value: 0: port is not valid: must be",
    ])
    begins(validate_service({**good, "path": "//"}), ['path: Invalid value: "//": segment[0] may not be empty'])
    begins(validate_service({**good, "path": "a//B"}), [
        "path: Invalid value: \"a//B\": must start with a '/'",
        'path: Invalid value: "a//B": segment[0] may not be empty',
        'path: Invalid value: "a//B": segment[1] may not be empty',
        'path: Invalid value: "a//B": segment[2]: a lowercase RFC 1123 subdomain',
    ])
