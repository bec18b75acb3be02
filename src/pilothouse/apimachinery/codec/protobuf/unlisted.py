"""Types of kinds that OpenAPI does not name, so that the catalog does not have them: metadata alone
(PartialObjectMetadata) and aggregated discovery (upstream: meta/v1 and v1beta1, api/apidiscovery/v2, generated.proto).
"""

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_METADATA_VERSIONS = ("v1", "v1beta1")
_DISCOVERY_VERSIONS = ("v2", "v2beta1")


def unlisted_type(gvk: GroupVersionKind) -> Type | None:
    """The type of such a kind, made anew each time, or None."""
    match gvk:
        case ("meta.k8s.io", version, "PartialObjectMetadata") if version in _METADATA_VERSIONS:
            return _partial()
        case ("meta.k8s.io", version, "PartialObjectMetadataList") if version in _METADATA_VERSIONS:
            metadata, items = partial_list_numbers(version)
            return _struct("PartialObjectMetadataList", {
                metadata: ("metadata", list_meta()), items: ("items", _list(_partial())),
            })
        case ("apidiscovery.k8s.io", version, "APIGroupDiscoveryList") if version in _DISCOVERY_VERSIONS:
            return _group_discovery_list()
    return None


def list_meta() -> Type:
    """The type of every list's metadata."""
    return _meta("ListMeta")


def partial_list_numbers(version: str) -> tuple[int, int]:
    """The numbers of metadata and items in a PartialObjectMetadataList: v1beta1 has them the other way round."""
    return (2, 1) if version == "v1beta1" else (1, 2)


def _partial() -> Type:
    return _struct("PartialObjectMetadata", {1: ("metadata", _meta("ObjectMeta"))})


def _group_discovery_list() -> Type:
    """The two versions differ in nothing here."""
    text, texts = _text(), _list(_text())
    kind = _struct("GroupVersionKind", {1: ("group", text), 2: ("version", text), 3: ("kind", text)})
    subresource = _struct("APISubresourceDiscovery", {
        1: ("subresource", text), 2: ("responseKind", kind), 3: ("acceptedTypes", _list(kind)), 4: ("verbs", texts),
    }, pointers=("responseKind",))
    resource = _struct("APIResourceDiscovery", {
        1: ("resource", text), 2: ("responseKind", kind), 3: ("scope", text), 4: ("singularResource", text),
        5: ("verbs", texts), 6: ("shortNames", texts), 7: ("categories", texts),
        8: ("subresources", _list(subresource)),
    }, pointers=("responseKind",))
    version = _struct("APIVersionDiscovery", {
        1: ("version", text), 2: ("resources", _list(resource)), 3: ("freshness", text),
    })
    group = _struct("APIGroupDiscovery", {1: ("metadata", _meta("ObjectMeta")), 2: ("versions", _list(version))})
    return _struct("APIGroupDiscoveryList", {1: ("metadata", list_meta()), 2: ("items", _list(group))})


def _struct(go_name: str, fields: dict[int, tuple[str, Type]], pointers: tuple[str, ...] = ()) -> Type:
    made = Type(model.STRUCT)
    made.go_name = go_name
    made.fields = {
        name: Field(name, type, pointer=name in pointers, proto_path=(number,))
        for number, (name, type) in fields.items()
    }
    return made


def _list(items: Type) -> Type:
    made = Type(model.LIST)
    made.go_name = f"[]{items.go_name}"
    made.items = items
    return made


def _text() -> Type:
    made = Type(model.SCALAR)
    made.format = model.STRING
    made.go_name = "string"
    return made


def _meta(name: str) -> Type:
    found = catalog.type_named(_META + name)
    if found is None:
        raise LookupError(f"no schema for {name}")
    return found
