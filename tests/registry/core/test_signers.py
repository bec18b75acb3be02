import pytest

from pilothouse.registry.core.signers import most_expiration, validate_signer_name, validate_user_annotations
from tests.registry.checks import begins


@pytest.mark.parametrize(("name", "expected"), [
    ("a.b/c.d", []),
    ("", [": Required value"]),
    ("nodomain", [': Invalid value: "nodomain": must be a fully qualified domain and path of the form']),
    ("A.b/c", [': Invalid value: "A.b": validating label "A": a lowercase RFC 1123 label']),
    ("a/c", [': Invalid value: "a": should be a domain with at least two segments separated by dots']),
    ("a.b/C", [': Invalid value: "C": validating label "C": a lowercase RFC 1123 subdomain']),
    (f"a.b/{'c' * 600}", [
        f': Invalid value: "{"c" * 600}": validating label', ": Too long: may not be more than 571 bytes",
    ]),
])
def test_signer_names(name: str, expected: list[str]) -> None:
    begins(validate_signer_name(name), expected)


def test_kubernetes_own_signers_give_a_day() -> None:
    day = 24 * 60 * 60
    assert most_expiration("kubernetes.io/x") == most_expiration("a.kubernetes.io/x") == day
    assert most_expiration("notkubernetes.io/x") == 91 * day


@pytest.mark.parametrize(("annotations", "expected"), [
    ({"Example.com/Key": "v"}, []),
    ({"": "v"}, ["a: Required value"]),
    ({"key": "v"}, ['a: Invalid value: "key": must be a domain-prefixed key (such as "acme.io/foo")']),
    ({"e.com/a/b": "v"}, ['a: Invalid value: "e.com/a/b": a valid label key must consist of']),
    ({"e.com/k": "v" * (256 * 1024)}, ["a: Too long: may not be more than 262144 bytes"]),
])
def test_user_annotations(annotations: dict[str, str], expected: list[str]) -> None:
    begins(validate_user_annotations(annotations, "a"), expected)
