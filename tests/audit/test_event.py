import time
from collections.abc import Callable, Iterator

import orjson
import pytest
from tests.audit.support import event


def test_json_is_one_line_with_its_kind() -> None:
    made = event(2, (b',"requestObject":', b'{"a":"b"}'))
    assert made.json.endswith(b"\n")
    assert made.json.count(b"\n") == 1
    assert orjson.loads(made.json)["requestObject"] == {"a": "b"}
    assert len(made.json) == made.size
    assert made.json.startswith(b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":')
    assert "kind" not in orjson.loads(made.item)


def test_truncation_takes_the_objects() -> None:
    made = event(2, (b',"requestObject":', b"{}"), annotations={"b": "c"})
    assert made.has_objects
    short = orjson.loads(made.truncated().json)
    assert "requestObject" not in short
    assert short["annotations"] == {"audit.k8s.io/truncated": "true", "b": "c"}
    assert "requestObject" in orjson.loads(made.json)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def switch(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield switch
    monkeypatch.undo()
    time.tzset()


def test_the_old_format(zone: Callable[[str], None]) -> None:
    zone("UTC")
    assert event().legacy == (
        '2026-01-02T03:04:05.6Z AUDIT: id="id-1" stage="ResponseComplete" ip="<unknown>" method="get" user="bob" '
        'groups="<none>" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="/x" '
        'response="<deferred>"'
    )
    zone("IST-5:30")
    full = event(
        user={"username": "bob", "groups": ["a", "b"]}, impersonatedUser={"username": "eve", "groups": ["c"]},
        sourceIPs=["::1"], userAgent="x", objectRef={"namespace": "ns"}, responseStatus={"code": 200},
    )
    full.received += 12_345 - 600_000_000
    assert full.legacy == (
        '2026-01-02T08:34:05.000012345+05:30 AUDIT: id="id-1" stage="ResponseComplete" ip="::1" method="get" user="bob"'
        ' groups="\\"a\\",\\"b\\"" as="eve" asgroups="\\"c\\"" user-agent="x" namespace="ns" uri="/x" response="200"'
    )
    full.received -= 12_345
    assert full.legacy.startswith("2026-01-02T08:34:05+05:30 AUDIT: ")
