"""Validation of CustomResourceDefinitions (upstream: apiextensions-apiserver pkg/apis/apiextensions/validation).

Upstream looks at the internal form, in which what all versions have in common stands beside them: paths say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import is_dns1035_label, is_dns1123_subdomain
from pilothouse.registry.apiextensions import go_dump
from pilothouse.registry.apiextensions.approval import validate_approval
from pilothouse.registry.apiextensions.conversion_validation import validate_conversion
from pilothouse.registry.apiextensions.schema_options import SchemaOptions, options_for_update
from pilothouse.registry.apiextensions.verdicts import Verdicts
from pilothouse.registry.apiextensions.version_validation import (
    MAX_SELECTABLE_FIELDS,
    validate_deprecation,
    validate_selectable_fields,
    validate_served,
)
from pilothouse.registry.rules import Errors, Obj, member, required, required_one_of, within

_SHARED: Final = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_SCOPES: Final = ("Cluster", "Namespaced")
_MOST_VERSIONS: Final = 100
_MOST_NAMES: Final = 1000
_PRESERVE: Final = "preserveUnknownFields"


class DefinitionValidation:
    """The rules of definitions. What was found out about schemas is kept: they are large and come again."""

    def __init__(self, verdicts: Verdicts | None = None) -> None:
        self.verdicts = verdicts or Verdicts()

    def create(self, definition: Obj) -> Errors:
        if errors := _too_many(definition):
            return errors
        found = _SpecCheck(definition.get("spec") or {}, self.verdicts, SchemaOptions()).errors()
        return [*within("spec", found), *_validate_rest(definition, None)]

    def update(self, definition: Obj, old: Obj) -> Errors:
        if errors := _too_many(definition):
            return errors
        spec, before = definition.get("spec") or {}, old.get("spec") or {}
        kept = [("group",), ("names", "plural")]
        if is_established(old):
            kept = [("scope",), ("names", "kind"), *kept]
        changed = [(path, _at(spec, path)) for path in kept if _at(spec, path) != _at(before, path)]
        return [
            *within("spec", self._spec_update(spec, before, is_established(old))),
            *(field.invalid(".".join(("spec", *path)), value, IMMUTABLE) for path, value in changed),
            *_validate_rest(definition, old),
        ]

    def status(self, definition: Obj) -> Errors:
        return validate_status(definition)

    async def prepare(self, definition: Obj, old: Obj | None) -> None:
        """Judges large schemas, and rules, on a thread: `create` and `update` find the verdicts then."""
        if _too_many(definition):
            return
        spec, before = definition.get("spec") or {}, (old or {}).get("spec") or {}
        schemas = [s for s in (*_schemas(spec).values(), *_schemas(before).values()) if s is not None]
        if any(self.verdicts.is_costly(schema) for schema in schemas):
            await aside(self._judge, definition, old)

    def _judge(self, definition: Obj, old: Obj | None) -> None:
        spec = definition.get("spec") or {}
        if old:
            self._spec_update(spec, old.get("spec") or {}, False)
            self.unrecognized_formats(old)
        else:
            _SpecCheck(spec, self.verdicts, SchemaOptions()).errors()
        self.unrecognized_formats(definition)

    def unrecognized_formats(self, definition: Obj) -> list[str]:
        """Those of each schema; a schema that all versions share counts once."""
        spec = definition.get("spec") or {}
        common = _in_common(_versions(spec))
        versions = _versions(spec)[:1] if "schema" in common else _versions(spec)
        schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in versions]
        return [name for s in schemas if s is not None for name in self.verdicts.facts(s).unrecognized_formats]

    def _spec_update(self, spec: Obj, old: Obj, established: bool) -> Errors:
        old_schemas = [schema for schema in _schemas(old).values() if schema is not None]
        options = options_for_update(self.verdicts.look_back(schema) for schema in old_schemas)
        return _SpecCheck(spec, self.verdicts, options, old, established).errors()


def _too_many(definition: Obj) -> Errors:
    """Discovery and OpenAPI show each name in each version: they multiply."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    counted = (
        ("versions", spec.get("versions"), _MOST_VERSIONS), ("names.shortNames", names.get("shortNames"), _MOST_NAMES),
        ("names.categories", names.get("categories"), _MOST_NAMES),
    )
    return [
        field.too_many(f"spec.{at}", len(values), most) for at, values, most in counted if values and len(values) > most
    ]


def validate_status(definition: Obj) -> Errors:
    return within("status", member(definition.get("status") or {}, "acceptedNames", _validate_names))


def is_established(definition: Obj) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)


def _validate_rest(definition: Obj, old: Obj | None) -> Errors:
    errors = [*validate_status(definition), *_validate_stored_versions(definition)]
    errors += validate_approval(definition, old)
    preserves = (definition.get("spec") or {}).get(_PRESERVE)
    if preserves and not (old is not None and (old.get("spec") or {}).get(_PRESERVE)):
        text = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        errors.append(field.invalid(f"spec.{_PRESERVE}", True, text))
    return errors


def _validate_stored_versions(definition: Obj) -> Errors:
    where = "status.storedVersions"
    stored = (definition.get("status") or {}).get("storedVersions") or []
    if not stored:
        return (field.invalid(where, None, "must have at least one stored version"),)
    errors: list[Error] = []
    left = dict.fromkeys(stored)
    for version in (definition.get("spec") or {}).get("versions") or ():
        name = version.get("name") or ""
        if version.get("storage") and name not in left:
            errors.append(field.invalid(where, stored, f"must have the storage version {name}"))
        left.pop(name, None)  # so that a second version of the same name is not found: upstream's
    return errors + [
        field.invalid(
            f"{where}[{i}]", name,
            f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions "
            f"until a storage migration ensures no data remains persisted in {name} and removes {name} from "
            "status.storedVersions",
        )
        for i, name in enumerate(stored) if name in left
    ]


def _at(spec: Any, path: tuple[str, ...]) -> str:
    for name in path:
        spec = (spec or {}).get(name)
    return spec or ""


# The spec


def _versions(spec: Obj) -> list[Obj]:
    return spec.get("versions") or []


def _schemas(spec: Obj) -> dict[str, Obj | None]:
    """By version."""
    return {
        version.get("name") or "": (version.get("schema") or {}).get("openAPIV3Schema") for version in _versions(spec)
    }


class _SpecCheck:
    """One look at a spec, beside `old` in an update; the methods are parts of upstream's order."""

    def __init__(
        self, spec: Obj, verdicts: Verdicts, options: SchemaOptions, old: Obj | None = None, established: bool = False
    ) -> None:
        self._spec = spec
        self._verdicts = verdicts
        self._old = old
        self._established = established
        self._versions = _versions(spec)
        self._common = _in_common(self._versions)
        self._schemas = _schemas(spec)
        self._old_schemas = {} if old is None else _schemas(old)
        self._versions_by_name = {name: _first_by_name(one or {}) for name, one in (("new", spec), ("old", old))}
        self._preserves = bool(spec.get(_PRESERVE))
        facts = [verdicts.facts(schema) for schema in self._schemas.values() if schema is not None]
        self._has_defaults = any(f.has_defaults for f in facts)
        if not self._preserves or self._has_defaults or any(f.has_extensions for f in facts):
            # pruning, defaults and extensions need structure
            options = replace(options, require_structural=True)
        self._options = options

    def errors(self) -> Errors:
        spec, common = self._spec, self._common
        errors = [*_validate_group(spec), *required_one_of(spec, "scope", _SCOPES), *self._missing_schemas()]
        if self._has_defaults and self._preserves:
            text = "must be false in order to use defaults in the schema"
            errors.append(field.invalid(_PRESERVE, True, text))
        for i, version in enumerate(self._versions):
            errors += self._validate_version(i, {k: v for k, v in version.items() if k not in common})
        errors += self._validate_version_list()
        errors += _validate_required_names(spec.get("names") or {})
        errors += self._validate_common()
        conversion = spec.get("conversion")
        if conversion is None:
            return errors
        if self._preserves and conversion.get("strategy") != "None":
            text = "must be None if spec.preserveUnknownFields is true"
            errors.append(field.invalid("conversion.strategy", conversion.get("strategy") or "", text))
        old = None if self._old is None else self._old.get("conversion") or {}
        return [*errors, *within("conversion", validate_conversion(conversion, old, self._established))]

    def _missing_schemas(self) -> Errors:
        """A definition that had versions without schema may keep them, if they are not served or nothing is pruned."""
        if all(schema is not None for schema in self._old_schemas.values()):
            wanted, text = list(range(len(self._versions))), ""
        elif not self._preserves:
            wanted = [i for i, version in enumerate(self._versions) if version.get("served")]
            text = "because otherwise all fields are pruned"
        else:
            return ()
        if "schema" in self._common and (self._common["schema"] or {}).get("openAPIV3Schema") is not None:
            return ()
        return [
            field.required(f"versions[{i}].schema.openAPIV3Schema", text)
            for i in wanted if (self._versions[i].get("schema") or {}).get("openAPIV3Schema") is None
        ]

    def _validate_version(self, i: int, version: Obj) -> Errors:
        at, name = f"versions[{i}]", version.get("name") or ""
        texts = is_dns1035_label(name)
        errors = [field.invalid(f"{at}.name", name, ",".join(texts))] if texts else []
        errors += within(at, validate_deprecation(version))
        errors += self._validate_schema(version.get("schema"), at, "schema", self._versions[i])
        errors += within(at, validate_served(version))
        fields = version.get("selectableFields")
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if fields and schema is None:
            text = "may only be set when `version.schema.openAPIV3Schema` is not included"
            errors.append(field.invalid(f"{at}.selectableFields", "", text))
        elif fields and schema is not None:
            errors += within(at, validate_selectable_fields(fields, schema, self._may_select_more(name)))
        return errors

    def _validate_common(self) -> Errors:
        """What all versions have alike."""
        common = self._common
        errors: list[field.Error] = []
        if "schema" in common and self._versions:
            errors += self._validate_schema(common["schema"], "", "validation", self._versions[0], shared=True)
        errors += validate_served(common)
        fields = common.get("selectableFields")
        schema = (common.get("schema") or {}).get("openAPIV3Schema") if "schema" in common else None
        if fields and common.get("schema") is None:
            errors.append(field.invalid("selectableFields", "", "may only be set when validations.schema is included"))
        elif fields:
            errors += validate_selectable_fields(fields, schema or {}, self._may_select_more(""))
        return errors

    def _validate_schema(
        self, holder: Obj | None, at: str, name: str, version: Obj, *, shared: bool = False
    ) -> Errors:
        """`holder` is a version's `schema`, or the one that all versions share."""
        schema = (holder or {}).get("openAPIV3Schema")
        if schema is None:
            return ()
        having = self._versions if shared else [version]
        has_status = any((v.get("subresources") or {}).get("status") is not None for v in having)
        options = self._options
        version_name = version.get("name") or ""
        if self._old_schemas.get(version_name) == schema:
            options = replace(options, limit_costs=False)
        path = ".".join(("spec", at, name, "openAPIV3Schema") if at else ("spec", name, "openAPIV3Schema"))
        found = self._verdicts.errors(schema, path, has_status, options)
        return [replace(e, field=e.field.removeprefix("spec.")) for e in found]

    def _may_select_more(self, version: str) -> bool:
        """More selectable fields than allowed may stay as they were."""
        if self._old is None:
            return False
        if version:
            new, old = (self._versions_by_name[which].get(version, {}) for which in ("new", "old"))
        else:
            new, old = self._common, _in_common(_versions(self._old))
        fields = old.get("selectableFields") or []
        return len(fields) > MAX_SELECTABLE_FIELDS and fields == new.get("selectableFields")

    def _validate_version_list(self) -> Errors:
        versions = self._versions
        names = [version.get("name") or "" for version in versions]
        texts = []
        if len(set(names)) != len(names):
            texts.append("must contain unique version names")
        if sum(bool(version.get("storage")) for version in versions) != 1:
            texts.append("must have exactly one version marked as storage version")
        shown = go_dump.versions(versions, self._common) if texts and self._spec.get("versions") is not None else None
        errors = [field.invalid("versions", shown, text) for text in texts]
        if names and names[0] and (wrong := is_dns1035_label(names[0])):
            errors.append(field.invalid("version", names[0], ",".join(wrong)))
        return errors


def _first_by_name(spec: Obj) -> dict[str, Obj]:
    return {version.get("name") or "": version for version in reversed(_versions(spec))}


def _in_common(versions: list[Obj]) -> dict[str, Any]:
    """What of a version's fields all versions have alike, which moves out of them."""
    if not versions:
        return {}
    first = versions[0]
    return {
        name: first.get(name) for name in _SHARED if all(_same(v.get(name), first.get(name)) for v in versions[1:])
    }


def _same(a: Any, b: Any) -> bool:
    # an empty list is none at all
    return bool(a == b) or (not a and not b and not isinstance(a, Mapping) and not isinstance(b, Mapping))


def _validate_group(spec: Obj) -> Errors:
    group = spec.get("group") or ""
    if not group:
        return required(spec, "group")
    if texts := is_dns1123_subdomain(group):
        return (field.invalid("group", group, ",".join(texts)),)
    if "." not in group:
        return (field.invalid("group", group, "should be a domain with at least one dot"),)
    return ()


def _validate_required_names(names: Obj) -> Errors:
    parts = ("plural", "singular", "kind", "listKind")
    missing = [error for name in parts for error in required(names, name)]
    return within("names", [*missing, *_validate_names(names)])


def _validate_names(names: Obj) -> Errors:
    errors = []
    for name in ("plural", "singular", "kind", "listKind"):
        value = names.get(name) or ""
        mixed = name in ("kind", "listKind")
        if value and (texts := is_dns1035_label(value.lower() if mixed else value)):
            intro = "may have mixed case, but should otherwise match: " if mixed else ""
            errors.append(field.invalid(name, value, intro + ",".join(texts)))
    errors += _labels(names, "shortNames")
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        errors.append(field.invalid("listKind", names["listKind"], "kind and listKind may not be the same"))
    return [*errors, *_labels(names, "categories")]


def _labels(names: Obj, name: str) -> list[field.Error]:
    return [
        field.invalid(f"{name}[{i}]", value, ",".join(texts))
        for i, value in enumerate(names.get(name) or ()) if (texts := is_dns1035_label(value))
    ]
