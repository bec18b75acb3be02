"""Documents of custom resources, to be registered with the OpenAPI service.

    openapi.set_v3(key, lambda: {key: v3_document([(definition, "v1"), …])})
    openapi.set_v2(name, lambda: v2_document(definition))

Both are work for a thread: some milliseconds for a large definition.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import orjson

from pilothouse.apiextensions.openapi.operations import DELETE_OPTIONS, PATCH, SCALE, CustomOperations
from pilothouse.apiextensions.openapi.schemas import SchemaBuilder
from pilothouse.apimachinery.schema import catalog
from pilothouse.endpoints.openapi import v2, v3
from pilothouse.endpoints.openapi.model import PathItem
from pilothouse.endpoints.openapi.operations import STATUS
from pilothouse.endpoints.openapi.references import needed

Object = Mapping[str, Any]

INFO: Final = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_USED: Final = (STATUS, SCALE, DELETE_OPTIONS, PATCH, f"{_META}ObjectMeta", f"{_META}ListMeta")
_GVKS: Final = "x-kubernetes-group-version-kind"
#: DeleteOptions are told for the groups of client-go's scheme, which has no part in these.
_NOT_IN_SCHEME: Final = ("admission.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "imagepolicy.k8s.io")


def v3_document(versions: Iterable[tuple[Object, str]]) -> bytes:
    """The OpenAPI v3 document of one group version: of all definitions that have it, each with the version's name.
    Definitions are decoded objects."""
    builder, paths, schemas = SchemaBuilder(3), list[PathItem](), dict(_common(3))
    for definition, name in versions:
        for version in definition["spec"]["versions"]:
            if version["name"] == name:
                paths += CustomOperations(definition["spec"], version).paths()
                schemas |= builder.definitions(definition["spec"], version, structural=is_structural(definition))
    return v3.document(paths, schemas, INFO, always=(f"{_META}ObjectMeta",), secured=False)


def v2_document(definition: Object) -> dict[str, Any]:
    """The OpenAPI v2 document of all served versions of a decoded definition."""
    builder, paths, schemas = SchemaBuilder(2), list[PathItem](), dict(_common(2))
    spec = definition["spec"]
    for version in spec["versions"]:
        if version.get("served"):
            paths += CustomOperations(spec, version).paths()
            schemas |= builder.definitions(spec, version, structural=is_structural(definition))
    return v2.document(paths, schemas, INFO)


def is_structural(definition: Object) -> bool:
    """Whether its schemas are structural, as its conditions tell; apiextensions.k8s.io/v1 admits no others."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return not any(c.get("type") == "NonStructuralSchema" and c.get("status") == "True" for c in conditions)


@cache
def _common(openapi_version: int) -> Mapping[str, Any]:
    """The built-in definitions that documents of custom resources refer to."""
    prefix = "#/definitions/" if openapi_version == 2 else "#/components/schemas/"
    references = orjson.dumps([{"$ref": f"{prefix}{name}"} for name in _USED])
    found = needed(references, catalog.definitions(openapi_version))
    options = found[DELETE_OPTIONS]
    found[DELETE_OPTIONS] = options | {_GVKS: [k for k in options[_GVKS] if k["group"] not in _NOT_IN_SCHEME]}
    return found
