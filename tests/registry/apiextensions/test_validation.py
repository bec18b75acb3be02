from typing import Any

import pytest

from pilothouse.registry.apiextensions.validation import DefinitionValidation, validate_status
from tests.registry.checks import ABSENT, begins, edited

VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
NAMES = {"plural": "as", "singular": "a", "kind": "A", "listKind": "AList"}
GOOD: dict[str, Any] = {
    "metadata": {"name": "as.x.y"},
    "spec": {"group": "x.y", "scope": "Cluster", "names": NAMES, "versions": [VERSION], "conversion": {
        "strategy": "None",
    }},
    "status": {"storedVersions": ["v1"]},
}
COLUMN = {"name": "c", "type": "string", "jsonPath": ".a"}
SHOWN = (
    'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,'
    '"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,'
    '"SelectableFields":null}]: must have exactly one version marked as storage version'
)


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("", None, []),
    ("spec.versions", ABSENT, [
        "spec.versions: Invalid value: null: must have exactly one version marked as storage version",
        'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously',
    ]),
    ("spec.scope", ABSENT, ["spec.scope: Required value"]),
    ("spec.scope", "Odd", ['spec.scope: Unsupported value: "Odd": supported values: "Cluster", "Namespaced"']),
    ("spec.names.kind", "a b", ['spec.names.kind: Invalid value: "a b": may have mixed case, but should otherwise']),
    ("spec.names.listKind", "A", ['spec.names.listKind: Invalid value: "A": kind and listKind may not be the same']),
    ("spec.names.shortNames", ["A B"], ['spec.names.shortNames[0]: Invalid value: "A B": a DNS-1035 label']),
    ("spec.versions.0.schema", ABSENT, ["spec.versions[0].schema.openAPIV3Schema: Required value"]),
    ("spec.versions.0.storage", False, [SHOWN]),
    ("spec.versions.0.name", "V 1", [
        'spec.versions[0].name: Invalid value: "V 1": a DNS-1035', 'spec.version: Invalid value: "V 1": a DNS-1035',
        'status.storedVersions: Invalid value: ["v1"]: must have the storage version V 1',
        'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously',
    ]),
    ("spec.versions.0.deprecationWarning", "x", [
        'spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'
    ]),
    ("spec.versions.0", {**VERSION, "deprecated": True, "deprecationWarning": "a\a<"}, [
        'spec.versions[0].deprecationWarning: Invalid value: "a\\u0007\\u003c": must only contain printable UTF-8 '
        "characters; non-printable character found at index 1",
    ]),
    ("spec.versions.0.subresources", {"scale": {"specReplicasPath": ".a", "labelSelectorPath": "x"}}, [
        'spec.subresources.scale.specReplicasPath: Invalid value: ".a": should be a json path under .spec',
        "spec.subresources.scale.statusReplicasPath: Required value",
        'spec.subresources.scale.labelSelectorPath: Invalid value: "x": must be a simple json path starting with .',
    ]),
    ("spec.versions.0.additionalPrinterColumns", [COLUMN, {"type": "odd", "format": "odd"}], [
        "spec.additionalPrinterColumns[1].name: Required value",
        'spec.additionalPrinterColumns[1].type: Invalid value: "odd": must be one of boolean,date,integer,number',
        'spec.additionalPrinterColumns[1].format: Invalid value: "odd": must be one of byte,date,date-time',
        "spec.additionalPrinterColumns[1].JSONPath: Required value",
    ]),
    ("spec.conversion", {"strategy": "Webhook"}, [
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Required value",
    ]),
    ("spec.conversion", {"strategy": "Webhook", "webhook": {
        "clientConfig": {"url": "http://a"}, "conversionReviewVersions": ["v2"],
    }}, [
        'spec.conversion.webhookClientConfig.url: Invalid value: "http"',
        'spec.conversion.conversionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
    ]),
    ("spec.preserveUnknownFields", True, ["spec.preserveUnknownFields: Invalid value: true: cannot set to true"]),
    ("status.storedVersions", [], ["status.storedVersions: Invalid value: null: must have at least one stored"]),
])
def test_definitions(path: str, value: Any, expected: list[str]) -> None:
    begins(DefinitionValidation().create(edited(GOOD, path, value)), expected)


def test_names_stay_once_they_are_served() -> None:
    changed = edited(edited(GOOD, "spec.scope", "Namespaced"), "spec.names.plural", "bs")
    begins(DefinitionValidation().update(changed, GOOD), ['spec.names.plural: Invalid value: "bs": field is immutable'])
    served = edited(GOOD, "status.conditions", [{"type": "Established", "status": "True"}])
    begins(DefinitionValidation().update(changed, served), [
        'spec.scope: Invalid value: "Namespaced": field is immutable', 'spec.names.plural: Invalid value: "bs"',
    ])


def test_groups_of_kubernetes_need_approval() -> None:
    ours = edited(edited(GOOD, "spec.group", "a.k8s.io"), "metadata.name", "as.a.k8s.io")
    path = "metadata.annotations[api-approved.kubernetes.io]"
    wanted = f"{path}: Required value: protected groups must have approval annotation"
    begins(DefinitionValidation().create(ours), [wanted])
    begins(DefinitionValidation().update(ours, ours), [])
    for text, expected in (
        ("unapproved, test", []), ("https://github.com/x", []), ("odd", [f'{path}: Invalid value: "odd": protected']),
    ):
        annotated = edited(ours, "metadata.annotations", {"api-approved.kubernetes.io": text})
        begins(DefinitionValidation().create(annotated), expected)


def test_status() -> None:
    begins(validate_status({"status": {"acceptedNames": {"plural": "A", "kind": "A"}}}), [
        'status.acceptedNames.plural: Invalid value: "A": a DNS-1035 label'
    ])


def versions(*schemas: dict[str, Any] | None, **more: Any) -> list[dict[str, Any]]:
    found = [{"name": f"v{i}", "served": True, "storage": i == 1, **more} for i in range(1, len(schemas) + 1)]
    for version, schema in zip(found, schemas, strict=True):
        if schema is not None:
            version["schema"] = {"openAPIV3Schema": schema}
    return found


ODD = {"type": "object", "properties": {"x": {"type": "odd"}}}
OBJECT = {"type": "object"}
OTHER = {"type": "object", "description": "other"}
SELECT = {"selectableFields": [{"jsonPath": ".spec"}]}
SPEC = {"type": "object", "properties": {"spec": {"type": "string"}}}


@pytest.mark.parametrize(("found", "expected"), [
    # what all versions share stands beside them
    (versions(ODD, ODD), ["spec.validation.openAPIV3Schema.properties[x].type: Unsupported"]),
    (versions(OBJECT, ODD), ["spec.versions[1].schema.openAPIV3Schema.properties[x].type: Unsupported"]),
    (versions(OBJECT, None), ["spec.versions[1].schema.openAPIV3Schema: Required value"]),
    (versions(SPEC, SPEC, **SELECT), []),
    # upstream finds no schema beside fields that are shared, where schemas are not: kept
    (versions(SPEC, OBJECT, **SELECT), ['spec.selectableFields: Invalid value: "": may only be set when validations']),
    ([*versions(OBJECT), {**versions(OTHER)[0], "name": "v2", "storage": False, **SELECT}], [
        'spec.versions[1].selectableFields[0].jsonPath: Invalid value: ".spec": is an invalid path: does not refer',
    ]),
    (versions({**SPEC, "properties": {"spec": {"type": "object"}}}, **SELECT), [
        'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or',
    ]),
    (versions(SPEC, selectableFields=[{}, {"jsonPath": ".metadata"}, {"jsonPath": ".spec"}, {"jsonPath": ".spec"}]), [
        "spec.selectableFields[0].jsonPath: Required value",
        'spec.selectableFields[1].jsonPath: Invalid value: ".metadata": is an invalid path: does not refer',
        'spec.selectableFields[3].jsonPath: Duplicate value: ".spec"',
    ]),
    (versions(OBJECT, subresources={"status": {}}), []),
    (versions({**OBJECT, "maxProperties": 1}, subresources={"status": {}}), [
        'spec.validation.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"obj',
    ]),
])
def test_versions(found: list[dict[str, Any]], expected: list[str]) -> None:
    begins(DefinitionValidation().create(edited(GOOD, "spec.versions", found)), expected)


def test_too_many_selectable_fields_may_stay() -> None:
    names = [f"f{i}" for i in range(9)]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    fields = [{"jsonPath": f".{name}"} for name in names]
    many = edited(GOOD, "spec.versions", versions(schema, selectableFields=fields))
    expected = ["spec.selectableFields: Too many: 9: must have at most 8 items"]
    begins(DefinitionValidation().create(many), expected)
    begins(DefinitionValidation().update(many, GOOD), expected)
    begins(DefinitionValidation().update(many, many), [])


def test_what_was_bad_may_stay_bad() -> None:
    odd = edited(GOOD, "spec.versions", versions(ODD))
    rules = DefinitionValidation()
    begins(rules.update(odd, GOOD), ["spec.validation.openAPIV3Schema.properties[x].type: Unsupported value"])
    begins(rules.update(odd, odd), [])
    without = edited(GOOD, "spec.versions", versions(None))
    begins(rules.update(without, without), ["spec.versions[0].schema.openAPIV3Schema: Required value: because other"])
    begins(rules.update(without, GOOD), ["spec.versions[0].schema.openAPIV3Schema: Required value"])
    preserving = edited(without, "spec.preserveUnknownFields", True)
    begins(rules.update(preserving, preserving), [])


def test_defaults_need_pruning() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "default": "a"}}}
    preserving = edited(edited(GOOD, "spec.versions", versions(schema)), "spec.preserveUnknownFields", True)
    begins(DefinitionValidation().update(preserving, preserving), [
        "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema",
    ])


def test_a_bundle_of_authorities_must_be_good_once_served() -> None:
    webhook = {"clientConfig": {"url": "https://a", "caBundle": "Cg=="}, "conversionReviewVersions": ["v1"]}
    bad = edited(GOOD, "spec.conversion", {"strategy": "Webhook", "webhook": webhook})
    served = edited(GOOD, "status.conditions", [{"type": "Established", "status": "True"}])
    rules = DefinitionValidation()
    begins(rules.create(bad), [])
    begins(rules.update(bad, GOOD), [])
    text = "unable to load root certificates: unable to parse bytes as PEM block"
    begins(rules.update(bad, served), [f'spec.conversion.webhookClientConfig.caBundle: Invalid value: "Cg==": {text}'])
    begins(rules.update(bad, edited(served, "spec.conversion", bad["spec"]["conversion"])), [])


def test_unheard_of_formats_are_counted_once_where_versions_share_them() -> None:
    properties = {"a": {"type": "string", "format": "x"}, "b": {"type": "integer", "format": "y"}}
    odd = {"type": "object", "properties": properties}
    rules = DefinitionValidation()
    assert rules.unrecognized_formats(edited(GOOD, "spec.versions", versions(odd, odd))) == ["x", "y"]
    assert rules.unrecognized_formats(edited(GOOD, "spec.versions", versions(odd, OBJECT))) == ["x", "y"]
