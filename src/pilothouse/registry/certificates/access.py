"""Who may act for a signer (upstream: pkg/certauthorization): "signers" are a resource that exists only in roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.authorization.interface import Attributes, AuthorizationError, Authorizer, Decision

if TYPE_CHECKING:
    from pilothouse.apimachinery.user import User


async def is_authorized(authorizer: Authorizer, user: User, verb: str, signer: str) -> bool:
    """Whether `user` may do `verb` for `signer` ("example.com/client"), by its name or as one of its domain's."""
    domain = signer.partition("/")[0]
    return await may(authorizer, user, verb, signer) or await may(authorizer, user, verb, f"{domain}/*")


async def may(authorizer: Authorizer, user: User, verb: str, name: str) -> bool:
    """Whether the signer that is called just `name` may be used so. What cannot be found out is refused."""
    asked = Attributes(user, verb, api_group="certificates.k8s.io", api_version="*", resource="signers", name=name)
    try:
        decision, _ = await authorizer.authorize(asked)
    except AuthorizationError:
        return False
    return decision is Decision.ALLOW
