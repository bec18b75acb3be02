"""What handlers leave for the audit events of their requests (upstream: k8s.io/apiserver pkg/audit/request.go).

Everything here costs one comparison where a request is not audited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.aside import LIGHT_BYTES, aside
from pilothouse.apimachinery.codec import yaml
from pilothouse.apimachinery.codec.encode import encode, escape
from pilothouse.audit.objects import Document

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Request
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import DeleteOptions, Object

_BLANKS = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+', re.DOTALL)
"""Texts, and the blanks outside of them."""


def wants_answer(request: Request) -> bool:
    audit = request.context.audit
    return audit is not None and audit.wants_response


def keep_answer(request: Request, head: bytes, items: Sequence[bytes] = (), tail: bytes = b"") -> None:
    """The answer's document as JSON, in pieces."""
    audit = request.context.audit
    if audit is not None and audit.wants_response:
        audit.response_object = Document(head, items, tail)


async def keep_object(scope: Scope, ctx: Context, obj: Object) -> None:
    """The object that was sent: decoded and defaulted, in the version of the endpoint, before anything is checked."""
    audit = ctx.audit
    if audit is None:
        return
    audit.see(obj.get("metadata") or {})
    if audit.wants_request:
        data = await scope.aside(_encoded, scope, obj) if ctx.heavy else _encoded(scope, obj)
        audit.request_object = Document(data)


def _encoded(scope: Scope, obj: Object) -> bytes:
    return scope.rendering.object(scope.rendering.computed(obj))


async def keep_patch(ctx: Context, body: bytes, content_type: str) -> None:
    """The patch as it was sent; one in YAML as JSON."""
    audit = ctx.audit
    if audit is None or not audit.wants_request:
        return
    audit.request_patch = True
    patch = _yaml_patch if content_type.endswith("yaml") else _json_patch
    data = await aside(patch, body) if len(body) > LIGHT_BYTES else patch(body)
    audit.request_object = None if data is None else Document(data)


def _json_patch(body: bytes) -> bytes | None:
    """As Go writes JSON that it got as text: without blanks, everything else as it is. None for what is no JSON: the
    handler refuses that (and kube-apiserver loses the event)."""
    try:
        orjson.loads(body)
    except ValueError:
        return None
    return escape(_BLANKS.sub(_text_only, body))


def _text_only(match: re.Match[bytes]) -> bytes:
    return match.group(1) or b""


def _yaml_patch(body: bytes) -> bytes | None:
    compact = _json_patch(body)
    if compact is not None:
        return compact
    try:
        return encode(yaml.loads(body))[:-1]
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        return None


def keep_delete_options(ctx: Context, options: DeleteOptions) -> None:
    audit = ctx.audit
    if audit is None or not audit.wants_request:
        return
    said: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal"}
    preconditions = {"uid": options.uid, "resourceVersion": options.resource_version}
    shown = {
        "gracePeriodSeconds": options.grace_period_seconds,
        "preconditions": {key: value for key, value in preconditions.items() if value is not None} or None,
        "orphanDependents": options.orphan_dependents, "propagationPolicy": options.propagation_policy,
        "dryRun": ["All"] if options.dry_run else None,
    }
    said |= {key: value for key, value in shown.items() if value is not None}
    audit.request_object = Document(encode(said)[:-1])

