"""Finding the class that is marked as the default one (storage classes, ingress classes)."""

from pilothouse.admission.interface import Lister, Object
from pilothouse.apimachinery.gvk import GroupResource


def default_class(lister: Lister, resource: GroupResource, *annotations: str) -> Object | None:
    """The newest object that an annotation marks as default; of equally old ones the first by name."""
    marked = [
        o for o in lister.list(resource)
        if any((o["metadata"].get("annotations") or {}).get(a) == "true" for a in annotations)
    ]
    marked.sort(key=lambda o: str(o["metadata"]["name"]))
    return max(marked, key=lambda o: str(o["metadata"].get("creationTimestamp") or ""), default=None)
