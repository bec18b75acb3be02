"""What stands in long lists is looked up, not searched for: each of these would take hours."""

from typing import Any

from pilothouse.registry.apiextensions.conversion_validation import validate_conversion
from pilothouse.registry.apiextensions.list_keys import validate_list_items, validate_list_type
from pilothouse.registry.apiextensions.validation import DefinitionValidation

MANY = 100_000


def test_review_versions() -> None:
    webhook = {
        "clientConfig": {"url": "https://example.com/convert"},
        "conversionReviewVersions": ["v1", *(f"v{i}" for i in range(2, MANY)), "v1"],
    }
    (error,) = validate_conversion({"strategy": "Webhook", "webhook": webhook}, None, False)
    assert (error.field, error.detail) == (f"conversionReviewVersions[{MANY - 1}]", "duplicate version")


def test_keys_of_lists() -> None:
    names = [f"k{i}" for i in range(MANY)]
    schema: dict[str, Any] = {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": names,
        "items": {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names},
    }
    assert not validate_list_type(schema, require_atomic_sets=True)
    assert not validate_list_items(schema)


def test_versions_of_an_update() -> None:
    looked_at = 0

    class Version(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            nonlocal looked_at
            looked_at += name == "name"
            return super().get(name, default)

    def definition(text: str) -> dict[str, Any]:
        versions = [
            Version(
                name=f"v{i + 1}", served=True, storage=i == 0,
                schema={"openAPIV3Schema": {"type": "object", "description": f"{text}{i % 2}"}},
                selectableFields=[{"jsonPath": f".spec.a{i % 2}"}],
            )
            for i in range(100)
        ]
        names = {"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList"}
        return {
            "metadata": {"name": "foos.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions},
            "status": {"storedVersions": ["v1"]},
        }

    DefinitionValidation().update(definition("new"), definition("old"))
    assert looked_at < 3000


def test_more_versions_and_names_than_can_be_shown() -> None:
    spec: dict[str, Any] = {
        "versions": [{"name": f"v{i}"} for i in range(MANY)],
        "names": {"shortNames": [f"s{i}" for i in range(MANY)], "categories": [f"c{i}" for i in range(MANY)]},
    }
    for errors in (
        DefinitionValidation().create({"spec": spec}), DefinitionValidation().update({"spec": spec}, {"spec": spec}),
    ):
        assert [str(error) for error in errors] == [
            f"spec.versions: Too many: {MANY}: must have at most 100 items",
            f"spec.names.shortNames: Too many: {MANY}: must have at most 1000 items",
            f"spec.names.categories: Too many: {MANY}: must have at most 1000 items",
        ]
