import re

import pytest

from pilothouse.apimachinery.componentconfig import (
    BOOL,
    DURATION,
    INT32,
    RAW,
    STRING,
    list_of,
    load,
    map_of,
    pointer,
    struct,
)
from pilothouse.apimachinery.gvk import GroupVersionKind

RULE = struct("v1.Rule", level=STRING, omit=pointer(BOOL), count=INT32)
KIND = GroupVersionKind("x.io", "v1", "Config")
KINDS = {KIND: struct("v1.Config", rules=list_of(RULE), labels=map_of(STRING), wait=DURATION, raw=RAW)}
HEAD = b"apiVersion: x.io/v1\nkind: Config\n"


def test_a_document() -> None:
    body = b"metadata: {name: x}\nrules: [{level: a, omit: false}]\nlabels: {a: b}\nraw: {z: [1]}\n"
    loaded = load(HEAD + body, KINDS)
    assert loaded.gvk == KIND
    assert loaded.obj["rules"] == [{"level": "a", "omit": False}]
    assert (loaded.obj["labels"], loaded.obj["raw"]) == ({"a": "b"}, {"z": [1]})
    assert loaded.strict_error == ""


def test_what_strict_decoding_does_not_like() -> None:
    loaded = load(HEAD + b"rules: [{lvl: a}]\nlabels: {}\nlabels: {a: b}\n", KINDS)
    assert loaded.strict_error == (
        'strict decoding error: yaml: unmarshal errors:\n  line 5: key "labels" already set in map, '
        'unknown field "rules[0].lvl"'
    )


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (b"[]", "no object"),
        (b"kind: [1]", "kind is no string"),
        (b"kind: Config", "Object 'apiVersion' is missing"),
        (b"apiVersion: x.io/v1", "Object 'Kind' is missing"),
        (b"apiVersion: x.io/v2\nkind: Config", 'no kind "Config" is registered for version "x.io/v2"'),
        (HEAD + b"rules: 1", "cannot unmarshal number into Go struct field Config.rules"),
        (b"a: [", "yaml: line 1: did not find expected node content"),
        (b"\xff", "yaml: invalid leading UTF-8 octet"),
        (b" {a", "couldn't get version/kind; json parse error: invalid character 'a' looking for beginning of value"),
    ],
)
def test_what_cannot_be_read(document: bytes, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        load(document, KINDS)
