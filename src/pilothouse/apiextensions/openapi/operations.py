"""The operations of one version of a custom resource (upstream: controller/openapi/builder, generateBuilder).

They are told a little differently from those of built-in kinds: without watch paths, streams and protobuf.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.endpoints.openapi.model import JSON, YAML, Body, Operation, Parameter, PathItem
from pilothouse.endpoints.openapi.naming import article, operation_id, tag, titled
from pilothouse.endpoints.openapi.operations import STATUS, root_path
from pilothouse.endpoints.openapi.parameters import NAMESPACE, name_of, query

SCALE: Final = "io.k8s.api.autoscaling.v1.Scale"
DELETE_OPTIONS: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
PATCH: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
_MEDIA_TYPES: Final = (JSON, YAML)
_PATCH_TYPES: Final = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
_OK: Final = ((200, "OK"),)
_CREATED: Final = (*_OK, (201, "Created"))
_ACCEPTED: Final = (*_CREATED, (202, "Accepted"))
_DELETED: Final = (*_OK, (202, "Accepted"))


def model_name(group: str, version: str, kind: str) -> str:
    """("stable.example.com", "v1", "CronTab") is "com.example.stable.v1.CronTab"."""
    return f"{'.'.join(reversed(group.split('.')))}.{version}.{kind}"


class CustomOperations:
    """`spec` is a definition's spec, `version` one of its versions."""

    def __init__(self, spec: Mapping[str, Any], version: Mapping[str, Any]) -> None:
        names = spec["names"]
        self._kind: str = names["kind"]
        self._gvk = GroupVersionKind(spec["group"], version["name"], self._kind)
        self._type = model_name(*self._gvk)
        self._list_type = model_name(*self._gvk[:2], names.get("listKind") or f"{self._kind}List")
        self._namespaced = spec.get("scope") == "Namespaced"
        self._subresources: Mapping[str, Any] = version.get("subresources") or {}
        self._root = root_path(GroupVersion(*self._gvk[:2]))
        self._plural: str = names["plural"]
        self._scope: tuple[Parameter, ...] = (NAMESPACE,) if self._namespaced else ()
        self._named = f"Namespaced{self._kind}" if self._namespaced else self._kind

    def paths(self) -> Iterator[PathItem]:
        root = f"/{self._root}/{self._plural}"
        if self._namespaced:
            yield PathItem(root, [self._list(f"{self._kind}ForAllNamespaces", ())])
            root = f"/{self._root}/namespaces/{{namespace}}/{self._plural}"
        yield PathItem(root, [self._list(self._named, self._scope), self._create(), self._delete_collection()])
        item = f"{root}/{{name}}"
        yield PathItem(item, [*self._of_item("", self._type), self._delete()])
        if self._subresources.get("status") is not None:
            yield PathItem(f"{item}/status", list(self._of_item("status", self._type)))
        if self._subresources.get("scale") is not None:
            yield PathItem(f"{item}/scale", list(self._of_item("scale", SCALE)))

    def _operation(
        self, method: str, verb: str, rest: str, description: str, action: str, answer: str,
        parameters: Iterable[Parameter],
    ) -> Operation:  # fmt: skip
        return Operation(
            method=method, id=operation_id(verb, self._root, rest), tag=tag(self._root), description=description,
            answer=answer, action=action, gvk=self._gvk, consumes=_MEDIA_TYPES, produces=_MEDIA_TYPES,
            parameters=tuple(sorted((*parameters, *query("pretty")), key=lambda p: p.key)),
        )  # fmt: skip

    def _list(self, rest: str, scope: tuple[Parameter, ...]) -> Operation:
        description = f"list objects of kind {self._kind}"
        return self._operation("get", "list", rest, description, "list", self._list_type, (*scope, *query("list")))

    def _create(self) -> Operation:
        operation = self._operation(
            "post", "create", self._named, f"create{article(self._kind)}{self._kind}", "post", self._type,
            (*self._scope, *query("create")),
        )  # fmt: skip
        return replace(operation, codes=_ACCEPTED, body=Body(self._type))

    def _delete_collection(self) -> Operation:
        return self._operation(
            "delete", "delete", f"Collection{self._named}", f"delete collection of {self._kind}", "deletecollection",
            STATUS, (*self._scope, *query("list")),
        )  # fmt: skip

    def _delete(self) -> Operation:
        operation = self._operation(
            "delete", "delete", self._named, f"delete{article(self._kind)}{self._kind}", "delete", STATUS,
            (*self._scope, name_of(self._kind), *query("delete")),
        )  # fmt: skip
        return replace(operation, codes=_DELETED, body=Body(DELETE_OPTIONS, required=False))

    def _of_item(self, subresource: str, type: str) -> Iterator[Operation]:
        """get, put and patch, which subresources have too."""
        scope = (*self._scope, name_of(self._kind))
        rest = self._named + titled(subresource)
        of = f" {subresource} of" if subresource else ""
        what = f"{of} the specified {self._kind}"
        version = tuple(p for p in query("list") if p.name == "resourceVersion")
        yield self._operation("get", "read", rest, f"read{what}", "get", type, (*scope, *version))
        put = self._operation("put", "replace", rest, f"replace{what}", "put", type, (*scope, *query("update")))
        yield replace(put, codes=_CREATED, body=Body(type))
        patch = self._operation(
            "patch", "patch", rest, f"partially update{what}", "patch", type, (*scope, *query("patch"))
        )
        yield replace(patch, body=Body(PATCH), consumes=_PATCH_TYPES)
