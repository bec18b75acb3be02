import orjson
from tests.audit.support import event


def test_json_is_one_line_with_its_kind() -> None:
    made = event(requestObject=orjson.Fragment(b'{"a":"<"}'))
    assert made.json.endswith(b"\n")
    assert made.json.count(b"\n") == 1
    assert orjson.loads(made.json)["requestObject"] == {"a": "<"}
    assert made.json.startswith(b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":')
    assert "kind" not in orjson.loads(made.item)


def test_truncation_takes_the_objects() -> None:
    made = event(2, requestObject=orjson.Fragment(b"{}"), annotations={"b": "c"})
    assert made.has_objects
    short = orjson.loads(made.truncated().json)
    assert "requestObject" not in short
    assert short["annotations"] == {"audit.k8s.io/truncated": "true", "b": "c"}
    assert "requestObject" in orjson.loads(made.json)


def test_the_old_format() -> None:
    assert event().legacy == (
        '2026-01-02T03:04:05.6Z AUDIT: id="id-1" stage="ResponseComplete" ip="<unknown>" method="get" user="bob" '
        'groups="<none>" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="/x" '
        'response="<deferred>"'
    )
    full = event(
        user={"username": "bob", "groups": ["a", "b"]}, impersonatedUser={"username": "eve", "groups": ["c"]},
        sourceIPs=["::1"], userAgent="x", objectRef={"namespace": "ns"}, responseStatus={"code": 200},
        requestReceivedTimestamp="2026-01-02T03:04:05.000000Z",
    )
    assert full.legacy == (
        '2026-01-02T03:04:05Z AUDIT: id="id-1" stage="ResponseComplete" ip="::1" method="get" user="bob" '
        'groups="\\"a\\",\\"b\\"" as="eve" asgroups="\\"c\\"" user-agent="x" namespace="ns" uri="/x" response="200"'
    )
