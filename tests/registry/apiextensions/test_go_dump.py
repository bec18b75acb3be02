"""Dumps of upstream's internal structs."""

from typing import Any

from pilothouse.registry.apiextensions import go_dump

SCHEMA: dict[str, Any] = {
    "type": "object", "id": "i", "default": {"b": 1.0, "a": None}, "enum": [1.5, "x"], "maximum": 5.0, "maxLength": 3,
    "items": [{"type": "string"}], "not": {"pattern": "p"}, "allOf": [{}], "properties": {"b": {}, "a": {}},
    "additionalProperties": False, "additionalItems": {"type": "string"}, "dependencies": {"x": ["y"], "a": {}},
    "externalDocs": {"url": "u"}, "x-kubernetes-preserve-unknown-fields": False, "x-kubernetes-list-map-keys": ["k"],
    "x-kubernetes-validations": [{"rule": "r", "optionalOldSelf": False, "reason": "R"}],
}


def test_every_field_stands_in_upstreams_order() -> None:
    dumped = go_dump.schema_props(SCHEMA)
    assert dumped is not None
    assert list(dumped)[:4] == ["ID", "Schema", "Ref", "Description"]
    assert list(dumped)[-3:] == ["XListType", "XMapType", "XValidations"]
    assert len(dumped) == 44
    assert (dumped["ID"], dumped["Ref"], dumped["Nullable"], dumped["MinLength"]) == ("i", None, False, None)


def test_values_are_as_go_writes_them() -> None:
    dumped = go_dump.schema_props(SCHEMA)
    assert dumped is not None
    assert dumped["Default"] == {"a": None, "b": 1}
    assert list(dumped["Default"]) == ["a", "b"]
    assert (dumped["Maximum"], dumped["Enum"]) == (5, [1.5, "x"])
    assert dumped["Items"]["Schema"] is None
    assert dumped["Items"]["JSONSchemas"][0]["Type"] == "string"
    assert dumped["Not"]["Pattern"] == "p"
    assert list(dumped["Properties"]) == ["a", "b"]
    assert dumped["AdditionalProperties"] == {"Allows": False, "Schema": None}
    assert dumped["AdditionalItems"]["Allows"] is True
    assert dumped["Dependencies"]["x"] == {"Schema": None, "Property": ["y"]}
    assert dumped["ExternalDocs"] == {"Description": "", "URL": "u"}
    assert dumped["XPreserveUnknownFields"] is False
    assert dumped["XValidations"] == [{
        "Rule": "r", "Message": "", "MessageExpression": "", "Reason": "R", "FieldPath": "", "OptionalOldSelf": False,
    }]  # fmt: skip


def test_versions_leave_out_what_they_share() -> None:
    version = {
        "name": "v1", "served": True, "schema": {"openAPIV3Schema": {}}, "subresources": {"status": {}, "scale": {}},
        "additionalPrinterColumns": [{"name": "n"}], "selectableFields": [{"jsonPath": ".a"}],
    }
    [dumped] = go_dump.versions([version], {"schema": {}})
    assert dumped["Schema"] is None
    assert dumped["Subresources"]["Status"] == {}
    assert dumped["Subresources"]["Scale"]["SpecReplicasPath"] == ""
    assert dumped["AdditionalPrinterColumns"][0]["Priority"] == 0
    assert dumped["SelectableFields"] == [{"JSONPath": ".a"}]


def test_what_nobody_reads_is_left_out() -> None:
    schema: dict[str, Any] = {}
    for _ in range(230):
        schema = {"items": schema}
    assert go_dump.schema_props(schema) is not None
