"""403 in kube-apiserver's words (upstream: endpoints/handlers/responsewriters/errors.go)."""

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.status import StatusError
from pilothouse.authorization.interface import Attributes


def sanitize(message: str) -> str:
    """Nothing that a browser could take for HTML."""
    return message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def forbidden(attributes: Attributes, reason: str) -> StatusError:
    """403 in kube-apiserver's words; `reason` is the authorizer's."""
    message = sanitize(_message(attributes))
    if reason:
        message = f"{message}: {reason}"
    return status.forbidden(GroupResource(attributes.api_group, attributes.resource), attributes.name, message)


def _message(attributes: Attributes) -> str:
    user = go_quote(attributes.user.name)
    if not attributes.is_resource_request:
        return f"User {user} cannot {attributes.verb} path {go_quote(attributes.path)}"
    resource = attributes.resource
    if attributes.subresource:
        resource = f"{resource}/{attributes.subresource}"
    where = f"in the namespace {go_quote(attributes.namespace)}" if attributes.namespace else "at the cluster scope"
    return (
        f"User {user} cannot {attributes.verb} resource {go_quote(resource)}"
        f" in API group {go_quote(attributes.api_group)} {where}"
    )
