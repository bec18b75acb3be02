"""The rules of pods' requests for certificates (upstream: pkg/registry/certificates/podcertificaterequest)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same_or_empty
from pilothouse.apimachinery.field import go_quote
from pilothouse.registry.certificates.access import is_authorized
from pilothouse.registry.certificates.pod_validation import (
    validate_pod_request,
    validate_pod_request_status,
    validate_pod_request_update,
)
from pilothouse.registry.rest import Object
from pilothouse.registry.strategies import StatusOnly

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.authorization.interface import Authorizer

SELECTABLE: Final = ("spec.signerName", "spec.podName", "spec.nodeName")
_DEFAULT_EXPIRATION: Final = 24 * 60 * 60


def selectable(request: Mapping[str, Any]) -> dict[str, str]:
    spec = request.get("spec") or {}
    return {path: spec.get(path.removeprefix("spec.")) or "" for path in SELECTABLE}


def default_pod_request(request: Object) -> None:
    spec = request.setdefault("spec", {})
    if spec.get("maxExpirationSeconds") is None:
        spec["maxExpirationSeconds"] = _DEFAULT_EXPIRATION


class PodRequestStrategy(StatusOnly):
    """Nothing but metadata changes after the creation, and the status once. `clock` gives Unix seconds."""

    allow_unconditional_update = False

    def __init__(self, clock: Callable[[], float], authorizer: Authorizer | None) -> None:
        self._clock = clock
        self._authorizer = authorizer

    async def authorize_values(
        self, ctx: Context, obj: Object, old: Object | None, subresource: str
    ) -> list[field.Error]:
        """Only who may sign for the signer may change the status."""
        if subresource != "status" or self._authorizer is None or old is None:
            return []
        signer = (old.get("spec") or {}).get("signerName") or ""
        if same_or_empty(obj.get("status") or {}, old.get("status") or {}):
            return []
        if await is_authorized(self._authorizer, ctx.user, "sign", signer):
            return []
        text = f'User {go_quote(ctx.user.name)} is not permitted to "sign" for signer {go_quote(signer)}'
        return [field.forbidden("spec.signerName", text)]

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return list(validate_pod_request(obj))

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_pod_request_update(obj, old))

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return list(validate_pod_request_status(obj, old, self._clock()))
