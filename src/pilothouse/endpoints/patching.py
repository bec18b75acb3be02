"""The four kinds of patch (upstream: jsonPatcher, smpPatcher and applyPatcher of handlers/patch.go).

A mechanism takes the live object in the scope's version and gives the patched one: decoded, defaulted, with its
managedFields, without kind and apiVersion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.codec import encode, json, yaml
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.meta import format_time
from pilothouse.apimachinery.schema.decode_error import TimeOutOfRange
from pilothouse.apimachinery.schema.strict import duplicate_fields
from pilothouse.endpoints.bodies import IGNORE, STRICT
from pilothouse.endpoints.writing import manage_fields

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object, WriteOptions

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_YAML = "application/apply-patch+yaml"

@dataclass(frozen=True, slots=True)
class Patching:
    """One patch request."""

    scope: Scope
    ctx: Context
    name: str
    body: bytes
    options: WriteOptions


Mechanism = Callable[[Patching, "Object"], "Object"]


def json_patch(patching: Patching, live: Object) -> Object:
    from pilothouse.apimachinery.patch import json_patch as engine

    looks = patching.options.field_validation != IGNORE
    patch, pairs = _parsed(patching, "error decoding patch: " if looks else "")
    patched = engine.apply(_document(patching.scope, live), patch, strict=looks)
    if json.too_deep(patched):
        # operations can put one thing into another, deeper than a body can be
        raise status.bad_request("error decoding patch: exceeded max depth")
    strict = [*engine.unknown_fields(patch), *duplicate_fields(pairs, "json patch ")] if looks else []
    return _written(patching, live, patched, strict, None)


def merge_patch(patching: Patching, live: Object) -> Object:
    from pilothouse.apimachinery.patch import merge_patch as engine

    looks = patching.options.field_validation != IGNORE
    patch, pairs = _parsed(patching, "error decoding patch: " if looks else "")
    patched = engine.apply(_document(patching.scope, live), patch, strict=looks)
    return _written(patching, live, patched, duplicate_fields(pairs) if looks else [], None)


def strategic_merge_patch(patching: Patching, live: Object) -> Object:
    from pilothouse.apimachinery.patch import goprint
    from pilothouse.apimachinery.patch import strategic as engine

    patch, pairs = _parsed(patching, "")
    patched = engine.apply(_document(patching.scope, live), patch, patching.scope.bodies.type)
    looks = patching.options.field_validation != IGNORE
    return _written(patching, live, patched, duplicate_fields(pairs) if looks else [], lambda: goprint.plain(patch))


def apply_patch(patching: Patching, live: Object) -> Object:
    scope, options = patching.scope, patching.options
    if scope.field_manager is None:
        raise status.plain_internal("FieldManager must be installed to run apply")
    try:
        patch, duplicates = yaml.load(patching.body)
    except yaml.YAMLError as e:
        raise status.bad_request(f"error decoding YAML: {_converting(str(e))}") from None
    if not isinstance(patch, dict):
        raise status.bad_request(f"error decoding YAML: {_not_a_map(patch)}")
    now = format_time(scope.services.clock())
    applied = scope.field_manager.apply(live or None, patch, options.field_manager, options.force, now)
    try:
        completed = scope.bodies.completed(applied)
    except TimeOutOfRange as e:
        raise status.bad_request(str(e)) from None
    except ValueError as e:
        raise scope.field_manager.not_converted(patch, str(e)) from None
    if duplicates:
        if options.field_validation == STRICT:
            raise status.bad_request(f"error strict decoding YAML: {_converting(yaml.strict_error(duplicates))}")
        if options.field_validation != IGNORE:
            for line in duplicates:
                patching.ctx.warn(line)
    return completed


MECHANISMS: Mapping[str, Mechanism] = {
    JSON_PATCH: json_patch,
    MERGE_PATCH: merge_patch,
    STRATEGIC_MERGE_PATCH: strategic_merge_patch,
    APPLY_YAML: apply_patch,
}


def _document(scope: Scope, live: Object) -> Object:
    """The live object as clients read it."""
    return {"kind": scope.kind.kind, "apiVersion": scope.kind.api_version, **live}


def _parsed(patching: Patching, prefix: str) -> tuple[Any, Any]:
    """The patch, and with its duplicate keys if it has any. Raises 400 for what is no JSON."""
    try:
        return json.load(patching.body)
    except json.SyntaxError as e:
        raise status.bad_request(f"{prefix}{e}") from None


def _not_a_map(value: Any) -> str:
    from pilothouse.apimachinery.schema.decode_error import describe

    return f"json: cannot unmarshal {describe(value)} into Go value of type map[string]interface {{}}"


def _converting(text: str) -> str:
    return text if text.startswith("error converting YAML to JSON") else f"error converting YAML to JSON: {text}"


def _written(
    patching: Patching, live: Object, patched: Any, strict: list[str], shown: Callable[[], str] | None
) -> Object:
    """Decode and default what came out, and let the client manage what it changed. Raises 422 where it does not
    fit the type, or says too much for strict validation. `shown` makes what the error prints: a strategic merge
    patch itself, of other patches (None) the patched document, whose kind is then checked too."""
    scope = patching.scope
    unknown: list[str] = []
    try:
        new = scope.bodies.patched(patched, unknown, check_kind=shown is None)
        problems = [*strict, *unknown]
        if problems and patching.options.field_validation == STRICT:
            raise ValueError(f"strict decoding error: {', '.join(problems)}")
    except ValueError as e:
        value = shown() if shown is not None else encode.encode(patched)[:-1].decode()
        raise status.invalid(GroupKind("", ""), "", [field.invalid("patch", value, str(e))]) from None
    if patching.options.field_validation != IGNORE:
        for problem in problems:
            patching.ctx.warn(problem)
    return manage_fields(scope, live, new, patching.options)
