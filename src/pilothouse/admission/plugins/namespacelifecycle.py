"""NamespaceLifecycle: nothing new in a namespace that is missing or on its way out
(upstream: k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, DELETE, UPDATE, Attributes, Lister, forbidden
from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupResource

_NAMESPACES: Final = GroupResource("", "namespaces")
IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})
#: Asking what one may do must not tell whether a namespace exists.
_ACCESS_REVIEWS: Final = frozenset({GroupResource("authorization.k8s.io", "localsubjectaccessreviews")})


class NamespaceLifecycle:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        if resource == _NAMESPACES:
            return operation == DELETE
        return operation in (CREATE, UPDATE) and resource not in _ACCESS_REVIEWS

    async def admit(self, a: Attributes) -> None:
        if a.operation == DELETE:
            if a.name in IMMORTAL:
                raise status.forbidden(a.resource, a.name, "this namespace may not be deleted")
            return
        if not a.namespace:
            return
        namespace = self._lister.get(_NAMESPACES, "", a.namespace)
        if namespace is None:
            raise status.not_found(_NAMESPACES, a.namespace)
        if a.operation != CREATE or (namespace.get("status") or {}).get("phase") != "Terminating":
            return
        text = f"unable to create new content in namespace {a.namespace} because it is being terminated"
        error = forbidden(a, text)
        cause = {
            "reason": "NamespaceTerminating", "message": f"namespace {a.namespace} is being terminated",
            "field": "metadata.namespace",
        }
        raise status.StatusError(error.code, error.reason, error.message, {**(error.details or {}), "causes": [cause]})
