"""Reviews of who somebody is (upstream: pkg/registry/authentication)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import meta, status
from pilothouse.apimachinery.http import Request
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.observability.logging import log
from pilothouse.registry.rest import Object, SubresourceCall

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Dependencies


class AuthenticationReviews:
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    async def token(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """TokenReview. Raises 400 without a token; what is wrong with the token stands in the status."""
        review = call.body or {}
        spec = review.get("spec") or {}
        if not spec.get("token"):
            raise status.bad_request("token is required for TokenReview in authentication")
        authenticator = self._dependencies.authenticator
        if authenticator is None:
            return review
        wanted = tuple(spec.get("audiences") or ()) or self._dependencies.api_audiences
        # a request that holds nothing but the token
        request = Request("GET", "", headers=[(b"authorization", b"Bearer " + spec["token"].encode())])
        request.context.audiences = wanted
        try:
            response = await authenticator.authenticate(request)
        except AuthenticationError as e:
            return _answered(review, error=str(e))
        if response is None:
            return _answered(review)
        if wanted and not set(wanted) & set(response.audiences):
            log.error("error validating audience", want=wanted, got=response.audiences)
            raise status.internal_error("error validating audiences")
        return _answered(
            review, authenticated=True, user=response.user.info(), audiences=list(response.audiences)
        )

    async def self(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """SelfSubjectReview."""
        return {
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": meta.format_time(self._dependencies.clock())},
            "status": {"userInfo": ctx.user.info()},
        }


def _answered(review: Object, *, authenticated: bool = False, **answer: Any) -> Object:
    """`review` with an answer. Whatever the answer does not say stays as the client sent it, as upstream has it."""
    said = {**(review.get("status") or {}), "authenticated": authenticated, **answer}
    said["user"] = said.get("user") or {}
    review["status"] = {name: value for name, value in said.items() if value or name == "user"}
    return review
