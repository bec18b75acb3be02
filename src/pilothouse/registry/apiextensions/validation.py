"""Validation of CustomResourceDefinitions, their schemas aside.

Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation. It looks at the internal form, in which what
all versions have in common stands beside them: paths say so.
"""

from __future__ import annotations

from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.metavalidation import IMMUTABLE
from pilothouse.apimachinery.validation import byte_length, is_dns1035_label, is_dns1123_subdomain
from pilothouse.registry.apiextensions.conversion_validation import validate_conversion
from pilothouse.registry.rules import NONE, Errors, Obj, each, member, required, required_one_of, within
from pilothouse.registry.webhooks import parse_url

APPROVAL: Final = "api-approved.kubernetes.io"
_SHARED: Final = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SCOPES: Final = ("Cluster", "Namespaced")
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"


def validate_definition(definition: Obj) -> Errors:
    spec, metadata = definition.get("spec") or {}, definition["metadata"]
    wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
    errors = [
        field.invalid(f"metadata.{name}", metadata[name], 'must be spec.names.plural+"."+spec.group')
        for name in ("generateName", "name") if metadata.get(name) and metadata[name] != wanted
    ]
    return [*errors, *within("spec", _validate_spec(spec)), *_validate_rest(definition, None)]


def validate_definition_update(definition: Obj, old: Obj) -> Errors:
    spec, before = definition.get("spec") or {}, old.get("spec") or {}
    kept = [("group",), ("names", "plural")]
    if any(c.get("type") == "Established" and c.get("status") == "True" for c in _conditions(old)):
        kept = [("scope",), ("names", "kind"), *kept]
    changed = [(path, _at(spec, path)) for path in kept if _at(spec, path) != _at(before, path)]
    return [
        *within("spec", _validate_spec(spec)),
        *(field.invalid(".".join(("spec", *path)), value, IMMUTABLE) for path, value in changed),
        *_validate_rest(definition, old),
    ]


def validate_definition_status(definition: Obj) -> Errors:
    return within("status", member(definition.get("status") or {}, "acceptedNames", _validate_names))


def _validate_rest(definition: Obj, old: Obj | None) -> Errors:
    errors = [*validate_definition_status(definition), *_validate_stored_versions(definition)]
    errors += _validate_approval(definition, old)
    preserves = (definition.get("spec") or {}).get("preserveUnknownFields")
    if preserves and not (old is not None and (old.get("spec") or {}).get("preserveUnknownFields")):
        text = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        errors.append(field.invalid("spec.preserveUnknownFields", True, text))
    return errors


def _conditions(definition: Obj) -> list[Obj]:
    return (definition.get("status") or {}).get("conditions") or []


def _at(spec: Any, path: tuple[str, ...]) -> str:
    for name in path:
        spec = (spec or {}).get(name)
    return spec or ""


# The spec


def _validate_spec(spec: Obj) -> Errors:
    versions = spec.get("versions") or []
    common = _in_common(versions)
    group = spec.get("group") or ""
    errors = [*required(spec, "group")]
    if group and (texts := is_dns1123_subdomain(group)):
        errors.append(field.invalid("group", group, ",".join(texts)))
    elif group and "." not in group:
        errors.append(field.invalid("group", group, "should be a domain with at least one dot"))
    errors += required_one_of(spec, "scope", _SCOPES)
    errors += [
        field.required(f"versions[{i}].schema.openAPIV3Schema")
        for i, version in enumerate(versions) if (version.get("schema") or {}).get("openAPIV3Schema") is None
    ]
    for i, version in enumerate(versions):
        errors += within(f"versions[{i}]", _validate_version({k: v for k, v in version.items() if k not in common}))
    errors += _validate_version_list(versions, common)
    errors += _validate_required_names(spec.get("names") or {})
    errors += _validate_served(common)
    return [*errors, *within("conversion", validate_conversion(spec.get("conversion") or {}))]


def _in_common(versions: list[Obj]) -> dict[str, Any]:
    """What of a version's fields all versions have alike, which moves out of them."""
    if not versions:
        return {}
    first = versions[0]
    return {
        name: first.get(name) for name in _SHARED if all(v.get(name) == first.get(name) for v in versions)
    }


def _validate_version(version: Obj) -> Errors:
    name = version.get("name") or ""
    texts = is_dns1035_label(name)
    errors = [field.invalid("name", name, ",".join(texts))] if texts else []
    warning = version.get("deprecationWarning")
    if warning is not None:
        errors += [
            field.invalid("deprecationWarning", warning, text)
            for text in _deprecation_texts(bool(version.get("deprecated")), warning)
        ]
    return [*errors, *_validate_served(version)]


def _deprecation_texts(deprecated: bool, warning: str) -> list[str]:
    if not deprecated:
        return ["can only be set for deprecated versions"]
    texts = ["must be <= 256 characters long"] if byte_length(warning) > 256 else []
    if not warning:
        texts.append("must not be an empty string")
    bad = next((i for i, c in enumerate(warning) if not c.isprintable()), None)
    if bad is not None:
        at = byte_length(warning[:bad])
        texts.append(f"must only contain printable UTF-8 characters; non-printable character found at index {at}")
    return texts


def _validate_version_list(versions: list[Obj], common: Obj) -> Errors:
    names = [version.get("name") or "" for version in versions]
    errors = []
    if len(set(names)) != len(names):
        text = "must contain unique version names"
        errors.append(field.invalid("versions", _shown(versions, common), text))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        errors.append(field.invalid("versions", _shown(versions, common), text))
    if names and names[0] and (texts := is_dns1035_label(names[0])):
        errors.append(field.invalid("version", names[0], ",".join(texts)))
    return errors


def _shown(versions: list[Obj], common: Obj) -> list[dict[str, Any]]:
    """Versions as Go writes them; of what is not common, schemas are shown as they came."""
    return [
        {
            "Name": version.get("name") or "", "Served": bool(version.get("served")),
            "Storage": bool(version.get("storage")), "Deprecated": bool(version.get("deprecated")),
            "DeprecationWarning": version.get("deprecationWarning"),
            **{f"{name[0].upper()}{name[1:]}": None if name in common else version.get(name) for name in _SHARED},
        }
        for version in versions
    ]


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


# What a version serves


def _validate_served(version: Obj) -> Errors:
    return [
        *member(version, "subresources", lambda subresources: member(subresources, "scale", _validate_scale)),
        *each(version, "additionalPrinterColumns", _validate_column),
    ]


def _validate_scale(scale: Obj) -> Errors:
    errors: list[field.Error] = []
    for name, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        path = scale.get(name) or ""
        if not path:
            errors.append(field.required(name))
        else:
            text = f"should be a json path under {root.rstrip('.')}"
            errors += within(name, _simple_path(path) or _under(path, text, root))
    if path := scale.get("labelSelectorPath"):
        text = "should be a json path under either .spec or .status"
        errors += within("labelSelectorPath", _simple_path(path) or _under(path, text, ".spec.", ".status."))
    return errors


def _under(path: str, text: str, *roots: str) -> Errors:
    return NONE if path.startswith(roots) else (field.invalid("", path, text),)


def _simple_path(path: str) -> Errors:
    return NONE if path[0] == "." else (field.invalid("", path, "must be a simple json path starting with ."),)


def _validate_column(column: Obj) -> Errors:
    kind, form, path = (column.get(name) or "" for name in ("type", "format", "jsonPath"))
    errors = [*required(column, "name")]
    types = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        errors.append(field.required("type", types))
    elif kind not in _COLUMN_TYPES:
        errors.append(field.invalid("type", kind, types))
    if form and form not in _COLUMN_FORMATS:
        errors.append(field.invalid("format", form, f"must be one of {','.join(_COLUMN_FORMATS)}"))
    return [*errors, *(within("JSONPath", _simple_path(path)) if path else (field.required("JSONPath"),))]


# Stored versions and approval


def _validate_stored_versions(definition: Obj) -> Errors:
    where = "status.storedVersions"
    stored = (definition.get("status") or {}).get("storedVersions") or []
    if not stored:
        return (field.invalid(where, None, "must have at least one stored version"),)
    versions = (definition.get("spec") or {}).get("versions") or ()
    errors = [
        field.invalid(where, stored, f"must have the storage version {version.get('name')}")
        for version in versions if version.get("storage") and version.get("name") not in stored
    ]
    known = {version.get("name") for version in versions}
    return errors + [
        field.invalid(
            f"{where}[{i}]", name,
            f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions "
            f"until a storage migration ensures no data remains persisted in {name} and removes {name} from "
            "status.storedVersions",
        )
        for i, name in enumerate(stored) if name not in known
    ]


def _validate_approval(definition: Obj, old: Obj | None) -> Errors:
    """Groups of Kubernetes' own need an approval, unless they were without one before."""
    group = (definition.get("spec") or {}).get("group") or ""
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return NONE
    state = _approval(definition)
    if state in ("approved", "bypassed") or (old is not None and _approval(old) == state):
        return NONE
    path = f"metadata.annotations[{APPROVAL}]"
    if state == "missing":
        return (field.required(path, f'protected groups must have approval annotation "{APPROVAL}", {_SEE}'),)
    text = (
        f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting with '
        f'"unapproved", {_SEE}'
    )
    return (field.invalid(path, definition["metadata"]["annotations"][APPROVAL], text),)


def _approval(definition: Obj) -> str:
    text = (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    if not text:
        return "missing"
    if text.startswith("unapproved"):
        return "bypassed"
    try:
        url = parse_url(text)
    except ValueError:
        return "invalid"
    return "approved" if url.scheme and url.host else "invalid"
