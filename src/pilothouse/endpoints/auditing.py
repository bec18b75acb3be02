"""What handlers leave for the audit events of their requests (upstream: k8s.io/apiserver pkg/audit/request.go).

Everything here costs one comparison where a request is not audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.codec import yaml

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Request
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import DeleteOptions, Object


def wants_answer(request: Request) -> bool:
    audit = request.context.audit
    return audit is not None and audit.wants_response


def keep_answer(request: Request, head: bytes, items: Sequence[bytes] = (), tail: bytes = b"") -> None:
    """The answer's document as JSON, in pieces."""
    audit = request.context.audit
    if audit is not None and audit.wants_response:
        audit.response_object = b"".join((head, b",".join(items), tail))


def keep_object(scope: Scope, ctx: Context, obj: Object) -> None:
    """The object that was sent: decoded and defaulted, in the version of the endpoint."""
    audit = ctx.audit
    if audit is None:
        return
    audit.see(obj.get("metadata") or {})
    if audit.wants_request:
        audit.request_object = scope.rendering.object(scope.rendering.computed(obj))


def keep_patch(ctx: Context, body: bytes, content_type: str) -> None:
    """The patch as it was sent; one in YAML as JSON."""
    audit = ctx.audit
    if audit is None or not audit.wants_request:
        return
    try:
        audit.request_object = orjson.dumps(yaml.loads(body) if content_type.endswith("yaml") else orjson.loads(body))
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        # what cannot be read is refused by the handler, and is no JSON to be told of
        audit.request_object = None


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
    audit.request_object = orjson.dumps(said | {key: value for key, value in shown.items() if value is not None})
