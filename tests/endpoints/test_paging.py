"""Continue tokens and resource versions."""

import base64

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints import paging


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_tokens_have_upstreams_form() -> None:
    made = paging.encode("/registry/pods/ns/p2", "/registry/pods/ns/", 7)
    assert made == token('{"v":"meta.k8s.io/v1","rv":7,"start":"p2\\u0000"}')
    assert paging.decode(made) == ("p2\0", 7)
    assert paging.decode(paging.encode_start("ns/p\0", -1)) == ("ns/p\0", -1)


@pytest.mark.parametrize(("text", "message"), [
    ("garbage", "invalid character '\\u0081' looking for beginning of value"),
    ("a+b", "illegal base64 data at input byte 1"),
    ("a", "illegal base64 data at input byte 1"),
    ("e30", "server does not recognize this encoded version "),
    (token('{"v":"meta.k8s.io/v2","rv":1,"start":"p"}'),
     "server does not recognize this encoded version meta.k8s.io/v2"),
    (token('{"v":"meta.k8s.io/v1","rv":0,"start":"p"}'),
     "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
    (token('{"v":"meta.k8s.io/v1","rv":1,"start":""}'), "encoded start key empty (version meta.k8s.io/v1)"),
    (token('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}'), "../x"),
    (token('{"v":"meta.k8s.io/v1","rv":1,"start":"//x"}'), "//x"),
    (token('{"v":1}'), "json: cannot unmarshal number into Go struct field continueToken.v of type string"),
    (token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"),
    (token("{"), "unexpected end of JSON input"),
])
def test_tokens_of_others_are_refused(text: str, message: str) -> None:
    with pytest.raises(StatusError) as e:
        paging.decode(text)
    assert e.value.code == 400
    assert e.value.message == f"invalid continue token: continue key is not valid: {message}"


def test_resource_versions() -> None:
    assert paging.parse_resource_version("") == paging.parse_resource_version("0") == 0
    assert paging.parse_resource_version("12") == 12
    for text, detail in (("-1", "invalid syntax"), ("x", "invalid syntax"), ("9" * 21, "value out of range")):
        with pytest.raises(ValueError) as e:
            paging.parse_resource_version(text)
        assert str(e.value) == (
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {detail}'
        )


def test_an_expired_token_comes_with_one_that_goes_on() -> None:
    error = paging.ContinueExpired("next")
    assert error.status()["metadata"] == {"continue": "next"}
    assert error.code == 410
