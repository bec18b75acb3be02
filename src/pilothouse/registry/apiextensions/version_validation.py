"""Validation of what a version of a definition holds besides its schema (upstream: apiextensions-apiserver
pkg/apis/apiextensions/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.structural.fieldpath import FieldPathError, find_field
from pilothouse.apimachinery.structural.model import Structural, StructuralError, new_structural
from pilothouse.apimachinery.validation import byte_length
from pilothouse.registry.rules import NONE, Errors, Obj, each, member, required, within

MAX_SELECTABLE_FIELDS: Final = 8
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SELECTABLE_TYPES: Final = ("string", "boolean", "integer")


def validate_deprecation(version: Obj) -> Errors:
    warning = version.get("deprecationWarning")
    if warning is None:
        return NONE
    texts = _deprecation_texts(bool(version.get("deprecated")), warning)
    return [field.invalid("deprecationWarning", field.AsJson(warning), text) for text in texts]


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


def validate_served(version: Obj) -> Errors:
    """The subresources and printer columns of one version, or of all."""
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
        found = _simple_path(path)
        if not found and not path.startswith((".spec.", ".status.")):
            found = (field.invalid("", field.AsJson(path), text),)
        errors += within("labelSelectorPath", found)
    return errors


def _under(path: str, text: str, root: str) -> Errors:
    return NONE if path.startswith(root) else (field.invalid("", path, text),)


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


# Selectable fields


def validate_selectable_fields(fields: Sequence[Obj], schema: Obj, allow_many: bool) -> Errors:
    """`selectableFields` of a version with this schema, beside which the errors' paths start."""
    try:
        structural = new_structural(schema)
    except StructuralError as e:
        return (field.invalid("schema.openAPIV3Schema", "", str(e)),)
    errors: list[field.Error] = []
    seen: set[str] = set()
    for i, selectable in enumerate(fields):
        found = _check_path(selectable.get("jsonPath") or "", structural, seen)
        errors += within(f"selectableFields[{i}].jsonPath", found)
    if len(seen) > MAX_SELECTABLE_FIELDS and not allow_many:
        errors.append(field.too_many("selectableFields", len(seen), MAX_SELECTABLE_FIELDS))
    return errors


def _check_path(path: str, schema: Structural, seen: set[str]) -> Errors:
    if not path:
        return (field.required(""),)
    try:
        found = find_field(path, schema, allow_brackets=False)
    except FieldPathError as e:
        return (field.invalid("", path, f"is an invalid path: {e}"),)
    errors = []
    if found.root == "metadata":
        errors.append(field.invalid("", path, "must not point to fields in metadata"))
    if found.schema is None or found.schema.type not in _SELECTABLE_TYPES:
        text = (
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats "
            "are allowed."
        )
        errors.append(field.invalid("", path, text))
    if found.text in seen:
        errors.append(field.duplicate("", path))
    seen.add(found.text)
    return errors
