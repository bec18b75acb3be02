"""DefaultIngressClass: an ingress without a class gets the default one
(upstream: plugin/pkg/admission/network/defaultingressclass/admission.go)."""

from typing import Final

from pilothouse.admission.interface import CREATE, Attributes, Lister
from pilothouse.admission.plugins.defaultclass import default_class
from pilothouse.apimachinery.gvk import GroupResource

_INGRESSES: Final = GroupResource("networking.k8s.io", "ingresses")
_CLASSES: Final = GroupResource("networking.k8s.io", "ingressclasses")
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_LEGACY_CLASS = "kubernetes.io/ingress.class"


class DefaultIngressClass:
    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return operation == CREATE and resource == _INGRESSES and not subresource

    async def admit(self, a: Attributes) -> None:
        if a.object is None:
            return
        spec = a.object.setdefault("spec", {})
        asked = spec.get("ingressClassName") is not None
        if asked or _LEGACY_CLASS in (a.object["metadata"].get("annotations") or {}):
            return
        default = default_class(self._lister, _CLASSES, _DEFAULT)
        if default is not None:
            spec["ingressClassName"] = default["metadata"]["name"]
