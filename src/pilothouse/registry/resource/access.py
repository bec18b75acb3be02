"""Who may write which part of a claim's status (upstream: pkg/registry/resource/utils.go).

Schedulers bind claims, drivers tell about their own devices; each needs a permission of its own, beyond that for the
status: "resourceclaims/binding" and "resourceclaims/driver", subresources that nobody serves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same
from pilothouse.apimachinery.names import is_dns_subdomain
from pilothouse.apimachinery.user import NODE_NAME_KEY, split_service_account
from pilothouse.authorization.forbidden import forbidden
from pilothouse.authorization.interface import Attributes, AuthorizationError, Authorizer, Decision
from pilothouse.registry.resource.allocation_validation import device_key

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.apimachinery.user import User
    from pilothouse.registry.rest import Object

_ASSOCIATED, _ARBITRARY = "associated-node:", "arbitrary-node:"


async def status_refusals(authorizer: Authorizer, ctx: Context, claim: Object, old: Object) -> list[field.Error]:
    """What of the new status the user of this request may not write."""
    status, before = claim.get("status") or {}, old.get("status") or {}
    asked = Attributes.of_request(ctx.user, ctx.request_info)
    errors = []
    if not all(same(status.get(name), before.get(name)) for name in ("allocation", "reservedFor")):
        attributes = replace(asked, subresource="binding", namespace="", name="")
        if text := await _refusal(authorizer, attributes):
            errors.append(field.forbidden("status.allocation", (
                'changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", '
                f'verb="{asked.verb}" permission: {text}'
            )))
    allocation = status.get("allocation")
    if allocation is None:
        # the devices' status goes with the allocation
        return errors
    verbs = [_ARBITRARY + asked.verb]
    if _runs_on(ctx.user, _node_of(allocation)):
        verbs.insert(0, _ASSOCIATED + asked.verb)
    for driver in _changed_drivers(status, before):
        refusals = []
        for verb in verbs:
            text = await _refusal(authorizer, replace(asked, verb=verb, subresource="driver", name=driver))
            if not text:
                break
            refusals.append(text)
        else:
            errors.append(field.forbidden("status.devices", (
                f'changing status.devices requires resource="resourceclaims/driver", verb="[{" ".join(verbs)}]" '
                f"permission: {refusals[0]}"
            )))
    return errors


async def _refusal(authorizer: Authorizer, attributes: Attributes) -> str:
    try:
        decision, reason = await authorizer.authorize(attributes)
    except AuthorizationError as e:
        return forbidden(attributes, str(e)).message
    return "" if decision is Decision.ALLOW else forbidden(attributes, reason).message


def _changed_drivers(status: Object, before: Object) -> list[str]:
    """The drivers of devices whose status is new, another or gone, in order."""
    devices = {device_key(device): device for device in status.get("devices") or ()}
    stored = {device_key(device): device for device in before.get("devices") or ()}
    changed = {key for key, device in devices.items() if not same(device, stored.get(key))}
    return sorted({key[0] for key in changed | (stored.keys() - devices.keys())})


def _node_of(allocation: Object) -> str:
    """The one node that the allocated devices are on, or ""."""
    terms: list[Object] = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions") or len(terms[0].get("matchFields") or ()) != 1:
        return ""
    match terms[0]["matchFields"][0]:
        case {"key": "metadata.name", "operator": "In", "values": [str(name)]}:
            return name
    return ""


def _runs_on(user: User, node: str) -> bool:
    """Whether `user` is a service account of a pod on `node`."""
    if not node or split_service_account(user.name) is None:
        return False
    return list(user.extra.get(NODE_NAME_KEY, ())) == [node] and not is_dns_subdomain(node)
