import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apimachinery.managedfields import entries
from pilothouse.apimachinery.managedfields.updater import Manager


def entry(**changes: Any) -> dict[str, Any]:
    out = {
        "manager": "m", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}},
    } | changes
    return {name: value for name, value in out.items() if value is not None}


@pytest.mark.parametrize(("changes", "message"), [
    ({"operation": "Odd"}, "operation must be `Apply` or `Update`"),
    ({"operation": None}, "operation must be `Apply` or `Update`"),
    ({"apiVersion": None}, "apiVersion must not be empty"),
    ({"apiVersion": ""}, "apiVersion must not be empty"),
    ({"fieldsType": None}, "missing fieldsType in managed fields entry 1"),
    ({"fieldsType": "FieldsV2"}, 'invalid fieldsType "FieldsV2" in managed fields entry 1'),
    ({"fieldsV1": {"bad": {}}}, "missing colon: bad"),
    ({"fieldsV1": 5}, "ReadMapCB: expect { or n"),
])
def test_decode_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as e:
        entries.decode([entry(), entry(**changes)])
    assert str(e.value) == message


def test_appliers_are_the_same_manager_in_every_version() -> None:
    managed = entries.decode([entry(operation="Apply"), entry(operation="Apply", apiVersion="v2", time=None)])
    manager = Manager("m", "Apply", "", "")
    assert list(managed.managers) == [manager]
    assert managed.managers[manager].api_version == "v2"
    assert managed.managers[manager].applied
    assert managed.times == {}


def test_sets_of_clients_become_canonical() -> None:
    written = entry(fieldsV1={"f:b": {".": {}}, 'k:{"b": 1, "a":2.0}': None, "f:a": {}})
    [read] = entries.encode(entries.decode([written]))
    assert json.dumps(read["fieldsV1"]) == json.dumps({"f:a": {}, "f:b": {}, 'k:{"a":2,"b":1}': {}})


def test_no_entries() -> None:
    assert entries.decode(None).managers == {}
    assert entries.encode(entries.decode([])) == []


def test_order_and_form() -> None:
    wanted = [
        entry(operation="Apply", manager="z", time=None),
        entry(operation="Apply", manager="b"),
        entry(manager=None, time="2025-01-01T00:00:00Z"),
        entry(manager="a", apiVersion="v1"),
        entry(manager="a", apiVersion="v1", subresource="status"),
        entry(manager="a", apiVersion="v2"),
        entry(manager="b"),
        entry(manager="a", time="2026-01-01T00:00:01Z"),
    ]
    # (the last one replaces its namesake: leave it out of the shuffled input)
    found = entries.encode(entries.decode([wanted[i] for i in (4, 1, 6, 0, 5, 2, 3)]))
    assert found == wanted[:7]
    assert list(found[4]) == ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"]


@pytest.mark.parametrize(("manager", "text"), [
    (Manager("m", "Update", "v1", ""), '{"manager":"m","operation":"Update","apiVersion":"v1"}'),
    (Manager("m", "Apply", "", "status"), '{"manager":"m","operation":"Apply","subresource":"status"}'),
    (Manager('"<', "Apply", "", ""), '{"manager":"\\"\\u003c","operation":"Apply"}'),
])
def test_identifier(manager: Manager, text: str) -> None:
    assert entries.identifier(manager) == text


@pytest.mark.parametrize(("value", "reset"), [
    ([], True), ([{}], True), ([{"manager": ""}], True), ([{"time": None}], True),
    (None, False), ([{}, {}], False), ([entry()], False),
])
def test_is_reset(value: Any, reset: bool) -> None:
    assert entries.is_reset(value) == reset


def test_validate() -> None:
    assert entries.validate([entry(), entry(fieldsType=None)]) == []
    errors = entries.validate([entry(operation="", manager="x" * 129, subresource="s" * 257, fieldsType="V2")])
    assert [str(error) for error in errors] == [
        'metadata.managedFields[0].operation: Invalid value: "": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
        "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
        "metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes",
    ]


names = st.sampled_from(["", "a", "b"])
managers = st.lists(st.builds(
    entry, manager=names, operation=st.sampled_from(["Apply", "Update"]), apiVersion=st.sampled_from(["v1", "v2"]),
    time=st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]), subresource=names,
    fieldsV1=st.dictionaries(st.sampled_from(["f:a", "f:b", 'v:"x"']), st.just({})),
), max_size=5)


@given(managers)
def test_encoding_is_stable(written: list[dict[str, Any]]) -> None:
    once = entries.encode(entries.decode(written))
    assert json.dumps(entries.encode(entries.decode(once, trusted=True))) == json.dumps(once)
    assert json.dumps(entries.encode(entries.decode(once[::-1]))) == json.dumps(once)
