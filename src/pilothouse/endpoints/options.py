"""Query options of every verb, decoded and checked (upstream: apimachinery pkg/apis/meta/{v1,internalversion}).

Decoding errors answer 400 with Go's strconv wording, validation errors 422 naming the options kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pilothouse.apimachinery import field, fields, labels, status
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.numbers import whole
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints.metrics import name_field_validation
from pilothouse.registry.rest import DeleteOptions, WriteOptions
from pilothouse.registry.write_options import validate_delete_options, validate_dry_run

_META = "meta.k8s.io"
_MATCH_EXACT = "Exact"
_MATCH_NOT_OLDER = "NotOlderThan"
_FIELD_MANAGER_LIMIT = 128
_INT64_MAX = 2**63 - 1
_MOST_REMEMBERED = 1024
_LONGEST_REMEMBERED = 512
Kind = TypeVar("Kind", str, bool)
_INTEGER = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """metav1.ListOptions. A selector that selects everything is None; numbers and booleans not given are None."""

    labels: labels.Selector | None = None
    fields: fields.Selector | None = None
    watch: bool = False
    allow_bookmarks: bool = False
    resource_version: str = ""
    resource_version_match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    continue_token: str = ""
    send_initial_events: bool | None = None


DEFAULT_LIST = ListOptions()
DEFAULT_DELETE = DeleteOptions()


def invalid_options(kind: str, errors: Sequence[field.Error]) -> StatusError:
    return status.invalid(GroupKind(_META, kind), "", errors)


def parse_int(text: str) -> int:
    """Go's strconv.ParseInt(text, 10, 64). Raises ValueError with its wording."""
    if not _INTEGER.match(text):
        raise ValueError(f"strconv.ParseInt: parsing {field.go_quote(text)}: invalid syntax")
    value = whole(text)
    if not -_INT64_MAX - 1 <= value <= _INT64_MAX:
        raise ValueError(f"strconv.ParseInt: parsing {field.go_quote(text)}: value out of range")
    return value


def parse_bool(text: str) -> bool:
    """Everything but "0" and "false" is true, also "" (upstream: runtime.Convert_Slice_string_To_bool)."""
    return text != "0" and text.lower() != "false"


def _optional_int(request: Request, name: str) -> int | None:
    text = request.query_value(name)
    return None if text is None else parse_int(text)


def _optional_bool(request: Request, name: str) -> bool | None:
    text = request.query_value(name)
    return None if text is None else parse_bool(text)


def list_options(request: Request, transform: fields.Transform) -> ListOptions:
    """The options of list, watch and deletecollection, checked and defaulted.

    `transform` maps a field label and value to those of the stored object, or raises ValueError for a label
    that the resource does not know.
    """
    if not request.raw_query:
        return DEFAULT_LIST
    try:
        options = _decode_list(request)
    except ValueError as e:
        raise status.bad_request(str(e)) from None
    options = _with_watch_defaults(options)
    errors = _validate_watch(options) if options.watch else _validate_list(options)
    if errors:
        raise invalid_options("ListOptions", errors)
    if options.fields is not None:
        try:
            return replace(options, fields=options.fields.transform(transform))
        except ValueError as e:
            raise status.bad_request(str(e)) from None
    return options


def _decode_list(request: Request) -> ListOptions:
    timeout = _optional_int(request, "timeoutSeconds")
    limit = _optional_int(request, "limit")
    label_text = request.query_value("labelSelector")
    field_text = request.query_value("fieldSelector")
    label_selector = labels.parse(label_text) if label_text else None
    field_selector = fields.parse(field_text) if field_text else None
    return ListOptions(
        labels=None if label_selector is None or label_selector.empty else label_selector,
        fields=None if field_selector is None or field_selector.empty else field_selector,
        watch=_optional_bool(request, "watch") or False,
        allow_bookmarks=_optional_bool(request, "allowWatchBookmarks") or False,
        resource_version=request.query_value("resourceVersion") or "",
        resource_version_match=request.query_value("resourceVersionMatch") or "",
        timeout_seconds=timeout,
        limit=limit or 0,
        continue_token=request.query_value("continue") or "",
        send_initial_events=_optional_bool(request, "sendInitialEvents"),
    )


def _with_watch_defaults(options: ListOptions) -> ListOptions:
    """A watch from "now" or "any" is an initial-events watch (upstream: SetListOptionsDefaults, WatchList on)."""
    if (
        options.watch and options.send_initial_events is None and not options.resource_version_match
        and options.resource_version in ("", "0")
    ):
        return replace(options, send_initial_events=True, resource_version_match=_MATCH_NOT_OLDER)
    return options


def _validate_list(options: ListOptions) -> list[field.Error]:
    errors: list[field.Error] = []
    match = options.resource_version_match
    if match:
        path = "resourceVersionMatch"
        if not options.resource_version:
            errors.append(
                field.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided")
            )
        if options.continue_token:
            errors.append(field.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in (_MATCH_EXACT, _MATCH_NOT_OLDER):
            errors.append(field.not_supported(path, match, (_MATCH_EXACT, _MATCH_NOT_OLDER, "")))
        if match == _MATCH_EXACT and options.resource_version == "0":
            errors.append(
                field.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
            )
    if options.send_initial_events is not None:
        errors.append(field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _validate_watch(options: ListOptions) -> list[field.Error]:
    errors: list[field.Error] = []
    match, path = options.resource_version_match, "resourceVersionMatch"
    if options.send_initial_events is not None and match != _MATCH_NOT_OLDER:
        errors.append(
            field.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        )
    if match:
        if options.send_initial_events is None:
            errors.append(
                field.forbidden(
                    path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                )
            )
        if match != _MATCH_NOT_OLDER:
            errors.append(field.not_supported(path, match, (_MATCH_NOT_OLDER,)))
        if options.continue_token:
            errors.append(field.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
    return errors


def check_export(request: Request) -> None:
    """The removed ?export of get (upstream: handlers/get.go). Raises 400 when it is asked for."""
    value = request.query_value("export")
    if value is not None and parse_bool(value):
        raise status.bad_request("the export parameter, deprecated since v1.14, is no longer supported")


def write_options(request: Request, kind: str) -> WriteOptions:
    """The options of create and update; `kind` is "CreateOptions" or "UpdateOptions". Raises 422."""
    return _remembered(_write_options, request, kind)


def patch_options(request: Request, apply: bool) -> WriteOptions:
    """The options of patch. Raises 422; an apply patch must say who manages the fields."""
    return _remembered(_patch_options, request, apply)


_known: dict[tuple[str, str, str | bool], WriteOptions] = {}


def _remembered(read: Callable[[Request, str, Kind], WriteOptions], request: Request, kind: Kind) -> WriteOptions:
    """What `read` makes of the query, the user agent and `kind`, made once: a client's queries are all alike."""
    agent = request.header(b"user-agent") or ""
    key = (request.raw_query, agent, kind)
    found = _known.get(key)
    if found is None:
        found = read(request, agent, kind)
        if len(request.raw_query) + len(agent) <= _LONGEST_REMEMBERED:
            if len(_known) >= _MOST_REMEMBERED:
                _known.clear()
            _known[key] = found
    return found


def _write_options(request: Request, agent: str, kind: str) -> WriteOptions:
    if not request.raw_query:
        return WriteOptions(user_agent=agent)
    options, errors = _decode_write(request, agent)
    if errors:
        raise invalid_options(kind, errors)
    return options


def _patch_options(request: Request, agent: str, apply: bool) -> WriteOptions:
    options, errors = _decode_write(request, agent) if request.raw_query else (WriteOptions(user_agent=agent), [])
    force = _optional_bool(request, "force") if request.raw_query else None
    if apply and not options.field_manager:
        errors.insert(0, field.required("fieldManager", "is required for apply patch"))
    elif not apply and force is not None:
        errors.insert(0, field.forbidden("force", "may not be specified for non-apply patch"))
    if errors:
        raise invalid_options("PatchOptions", errors)
    return replace(options, force=True) if force else options


def _decode_write(request: Request, agent: str) -> tuple[WriteOptions, list[field.Error]]:
    manager = request.query_value("fieldManager") or ""
    dry_run = [value for name, value in request.query if name == "dryRun"]
    validation = request.query_value("fieldValidation") or ""
    problems = _validate_field_validation(validation)
    name_field_validation("invalid" if problems else validation)
    errors = [*_validate_field_manager(manager), *validate_dry_run(dry_run), *problems]
    return WriteOptions(
        dry_run=bool(dry_run), field_manager=manager, field_validation=validation or "Warn", user_agent=agent
    ), errors


def _validate_field_manager(manager: str) -> list[field.Error]:
    errors: list[field.Error] = []
    if len(manager.encode()) > _FIELD_MANAGER_LIMIT:
        errors.append(field.too_long("fieldManager", _FIELD_MANAGER_LIMIT))
    if not manager.isprintable():
        position = 0
        for c in manager:
            if not c.isprintable():
                errors.append(
                    field.invalid(
                        "fieldManager", manager, f"invalid character U+{ord(c):04X} (at position {position})"
                    )
                )
            position += len(c.encode())
    return errors


def _validate_field_validation(value: str) -> list[field.Error]:
    allowed = ("", "Ignore", "Strict", "Warn")
    return [] if value in allowed else [field.not_supported("fieldValidation", value, allowed)]


def delete_options(request: Request) -> DeleteOptions:
    """The options of a delete without a body. Raises 400 and 422."""
    if not request.raw_query:
        return DEFAULT_DELETE
    try:
        grace = _optional_int(request, "gracePeriodSeconds")
    except ValueError as e:
        raise status.bad_request(str(e)) from None
    return checked_delete_options(
        grace_period_seconds=grace,
        uid=request.query_value("uid") or None,
        resource_version=request.query_value("resourceVersion") or None,
        propagation_policy=request.query_value("propagationPolicy"),
        orphan_dependents=_optional_bool(request, "orphanDependents"),
        dry_run=[value for name, value in request.query if name == "dryRun"],
    )


def checked_delete_options(
    *,
    grace_period_seconds: int | None,
    uid: str | None,
    resource_version: str | None,
    propagation_policy: str | None,
    orphan_dependents: bool | None,
    dry_run: Sequence[str],
) -> DeleteOptions:
    """Validated options from a query or a body. Raises 422."""
    if errors := validate_delete_options(propagation_policy, orphan_dependents, dry_run):
        raise invalid_options("DeleteOptions", errors)
    return DeleteOptions(
        grace_period_seconds=grace_period_seconds,
        uid=uid,
        resource_version=resource_version,
        propagation_policy=propagation_policy,
        orphan_dependents=orphan_dependents,
        dry_run=bool(dry_run),
    )


def include_object(request: Request) -> str:
    """Which object a Table's rows carry: "Metadata" (default), "Object" or "None". Raises 400."""
    value = request.query_value("includeObject") if request.raw_query else None
    if value not in (None, "", "Metadata", "Object", "None"):
        error = field.invalid("includeObject", value, "must be 'Metadata', 'Object', 'None', or empty")
        raise status.bad_request(f"Unable to convert to Table as requested: {error}")
    return value or "Metadata"
