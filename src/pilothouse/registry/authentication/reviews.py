"""Reviews of who somebody is (upstream: pkg/registry/authentication)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import meta, status
from pilothouse.apimachinery.user import ALL_AUTHENTICATED, User
from pilothouse.authentication.interface import AuthenticationError, AuthenticatorResponse
from pilothouse.registry.rest import Object, SubresourceCall

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Dependencies

_INVALID = "invalid bearer token"


class AuthenticationReviews:
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    async def token(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """TokenReview. Raises 400 without a token; what is wrong with the token stands in the status."""
        review = call.body or {}
        spec = review.get("spec") or {}
        if not spec.get("token"):
            raise status.bad_request("token is required for TokenReview in authentication")
        authenticator = self._dependencies.token_authenticator
        if authenticator is None:
            return review
        api_audiences = self._dependencies.api_audiences
        wanted = tuple(spec.get("audiences") or ()) or api_audiences
        try:
            response = await authenticator.authenticate_token(spec["token"])
        except AuthenticationError as e:
            review["status"] = {"user": {}, "error": str(e)}
            return review
        audiences: tuple[str, ...] = ()
        if response is not None:
            # A token that says nothing of audiences is meant for this server.
            valid = response.audiences or api_audiences
            audiences = tuple(a for a in valid if a in wanted)
            if wanted and not audiences:
                response = None
        if response is None:
            review["status"] = {"user": {}, "error": _INVALID}
            return review
        answer: Object = {"authenticated": True, "user": _user_info(_grouped(response))}
        if audiences:
            answer["audiences"] = list(audiences)
        review["status"] = answer
        return review

    async def self(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """SelfSubjectReview."""
        return {
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": meta.format_time(self._dependencies.clock())},
            "status": {"userInfo": _user_info(ctx.user)},
        }


def _grouped(response: AuthenticatorResponse) -> User:
    """Whoever a token names is one of the authenticated."""
    user = response.user
    if ALL_AUTHENTICATED in user.groups:
        return user
    return User(user.name, user.uid, (*user.groups, ALL_AUTHENTICATED), user.extra)


def _user_info(user: User) -> Object:
    info: Object = {}
    if user.name:
        info["username"] = user.name
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in sorted(user.extra.items())}
    return info
