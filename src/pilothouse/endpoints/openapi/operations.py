"""The operations of resources and of discovery (upstream: k8s.io/apiserver pkg/endpoints/installer.go)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.endpoints.openapi.model import (
    ANY,
    JSON,
    MEDIA_TYPES,
    STREAM_MEDIA_TYPES,
    Body,
    Operation,
    Parameter,
    PathItem,
)
from pilothouse.endpoints.openapi.naming import article, operation_id, tag, titled
from pilothouse.endpoints.openapi.parameters import NAMESPACE, PATH, name_of, query
from pilothouse.registry.rest import Resource, Subresource

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
STATUS = _META + "Status"
_CREATED = ((200, "OK"), (201, "Created"))
_ACCEPTED = (*_CREATED, (202, "Accepted"))
_DELETED = ((200, "OK"), (202, "Accepted"))
_PATCH_TYPES = (
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)  # fmt: skip
_STREAM_METHODS = ("GET", "POST")
_PROXY_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH")
_WATCH_LIST = ". deprecated: use the 'watch' parameter with a list operation instead"
_WATCH_ITEM = ", filtered to a single item with the 'fieldSelector' parameter."


class ResourceOperations:
    """Makes the paths of one resource. `types` gives the OpenAPI name for a kind; `returns_deleted` says that a
    delete is answered with the object, and not with a Status."""

    def __init__(
        self, resource: Resource, types: Mapping[GroupVersionKind, str], *, returns_deleted: bool = False
    ) -> None:
        self._resource = resource
        self._types = types
        self._returns_deleted = returns_deleted
        self._root = root_path(GroupVersion(resource.group, resource.version))
        self._scope: tuple[Parameter, ...] = (NAMESPACE,) if resource.namespaced else ()
        self._named = f"Namespaced{resource.kind}" if resource.namespaced else resource.kind
        inside = "namespaces/{namespace}/" if resource.namespaced else ""
        self._collection = f"{inside}{resource.name}"
        self._item = f"{self._collection}/{{name}}"

    def paths(self) -> Iterator[PathItem]:
        """Every path with at least one operation."""
        resource = self._resource
        items = [
            PathItem(f"/{self._root}/{self._collection}", list(self._collection_operations())),
            PathItem(f"/{self._root}/{self._item}", list(self._item_operations())),
        ]
        for subresource in resource.subresources:
            items += self._subresource_paths(subresource)
        if "list" in resource.verbs and resource.namespaced:
            items.append(PathItem(f"/{self._root}/{resource.name}", [self._list(all_namespaces=True)]))
        if "watch" in resource.verbs:
            items += self._watch_paths()
        return (item for item in items if item.operations)

    def _operation(
        self, method: str, verb: str, rest: str, description: str, action: str, answer: str,
        parameters: Iterable[Parameter], *, gvk: GroupVersionKind | None = None,
    ) -> Operation:  # fmt: skip
        return Operation(
            method=method, id=operation_id(verb, self._root, rest), tag=tag(self._root), description=description,
            answer=answer, action=action, gvk=gvk or self._resource.gvk,
            parameters=tuple(sorted((*parameters, *query("pretty")), key=lambda p: p.key)),
        )  # fmt: skip

    @property
    def _type(self) -> str:
        return self._types[self._resource.gvk]

    def _collection_operations(self) -> Iterator[Operation]:
        resource, kind = self._resource, self._resource.kind
        if "list" in resource.verbs:
            yield self._list(all_namespaces=False)
        if "create" in resource.verbs:
            yield self._create(self._scope, "", resource.gvk)
        if "deletecollection" in resource.verbs:
            parameters = {p.key: p for p in (*query("list", "watch", "allowWatchBookmarks"), *query("delete"))}
            operation = self._operation(
                "delete", "delete", f"Collection{self._named}",
                f"delete collection of {kind}", "deletecollection", STATUS, (*self._scope, *parameters.values()),
            )  # fmt: skip
            yield replace(operation, body=Body(_META + "DeleteOptions", required=False))

    def _list(self, *, all_namespaces: bool) -> Operation:
        resource = self._resource
        verb = "list or watch" if "watch" in resource.verbs else "list"
        operation = self._operation(
            "get", "list", f"{resource.kind}ForAllNamespaces" if all_namespaces else self._named,
            f"{verb} objects of kind {resource.kind}", "list", self._list_type(),
            (*(() if all_namespaces else self._scope), *query("list")),
        )  # fmt: skip
        return replace(operation, produces=STREAM_MEDIA_TYPES)

    def _list_type(self) -> str:
        gvk = self._resource.gvk
        return self._types[gvk._replace(kind=self._resource.list_kind or f"{gvk.kind}List")]

    def _item_operations(self) -> Iterator[Operation]:
        resource, kind = self._resource, self._resource.kind
        scope = (*self._scope, name_of(kind))
        if "get" in resource.verbs:
            yield self._read(scope, "", resource.gvk)
        if "update" in resource.verbs:
            yield self._update(scope, "", resource.gvk)
        if "patch" in resource.verbs:
            yield self._patch(scope, "", resource.gvk)
        if "delete" in resource.verbs:
            answer = self._type if self._returns_deleted else STATUS
            operation = self._operation(
                "delete", "delete", self._named, f"delete{article(kind)}{kind}", "delete", answer,
                (*scope, *query("delete")),
            )  # fmt: skip
            yield replace(operation, codes=_DELETED, body=Body(_META + "DeleteOptions", required=False))

    def _of(self, subresource: str) -> str:
        return f"{subresource} of " if subresource else ""

    def _read(self, scope: tuple[Parameter, ...], subresource: str, gvk: GroupVersionKind) -> Operation:
        return self._operation(
            "get", "read", self._named + titled(subresource),
            f"read {self._of(subresource)}the specified {self._resource.kind}", "get", self._types[gvk], scope, gvk=gvk,
        )  # fmt: skip

    def _create(self, scope: tuple[Parameter, ...], subresource: str, gvk: GroupVersionKind) -> Operation:
        kind = self._resource.kind
        what = f" {subresource} of" if subresource else ""
        description = f"create{what}{article(kind)}{kind}"
        operation = self._operation(
            "post", "create", self._named + titled(subresource), description, "post", self._types[gvk],
            (*scope, *query("create")), gvk=gvk,
        )  # fmt: skip
        return replace(operation, codes=_ACCEPTED, body=Body(self._types[gvk]))

    def _update(self, scope: tuple[Parameter, ...], subresource: str, gvk: GroupVersionKind) -> Operation:
        operation = self._operation(
            "put", "replace", self._named + titled(subresource),
            f"replace {self._of(subresource)}the specified {self._resource.kind}", "put", self._types[gvk],
            (*scope, *query("update")), gvk=gvk,
        )  # fmt: skip
        return replace(operation, codes=_CREATED, body=Body(self._types[gvk]))

    def _patch(self, scope: tuple[Parameter, ...], subresource: str, gvk: GroupVersionKind) -> Operation:
        operation = self._operation(
            "patch", "patch", self._named + titled(subresource),
            f"partially update {self._of(subresource)}the specified {self._resource.kind}", "patch", self._types[gvk],
            (*scope, *query("patch")), gvk=gvk,
        )  # fmt: skip
        return replace(operation, codes=_CREATED, body=Body(_META + "Patch"), consumes=_PATCH_TYPES)

    def _subresource_paths(self, subresource: Subresource) -> Iterator[PathItem]:
        gvk = subresource.kind or self._resource.gvk
        path = f"/{self._root}/{self._item}/{subresource.name}"
        scope = (*self._scope, name_of(gvk.kind))
        if gvk not in self._types:  # an options kind: the request is handed on
            yield PathItem(path, list(self._connect(subresource, gvk, scope, "")))
            if "delete" in subresource.verbs:
                inner = list(self._connect(subresource, gvk, (*scope, PATH), "WithPath"))
                yield PathItem(f"{path}/{{path}}", inner)
            return
        operations = []
        if subresource.name == "log":
            operations.append(self._log(scope, gvk))
        elif "get" in subresource.verbs:
            operations.append(self._read(scope, subresource.name, gvk))
        if "update" in subresource.verbs:
            operations.append(self._update(scope, subresource.name, gvk))
        if "create" in subresource.verbs:
            operations.append(self._create(scope, subresource.name, gvk))
        if "patch" in subresource.verbs:
            operations.append(self._patch(scope, subresource.name, gvk))
        yield PathItem(path, operations)

    def _log(self, scope: tuple[Parameter, ...], gvk: GroupVersionKind) -> Operation:
        operation = self._read((*scope, *query("PodLogOptions")), "log", gvk)
        return replace(operation, answer="", produces=("text/plain", *MEDIA_TYPES))

    def _connect(
        self, subresource: Subresource, gvk: GroupVersionKind, scope: tuple[Parameter, ...], suffix: str
    ) -> Iterator[Operation]:
        for method in _PROXY_METHODS if "delete" in subresource.verbs else _STREAM_METHODS:
            operation = self._operation(
                method.lower(), "connect", f"{titled(method)}{self._named}{titled(subresource.name)}{suffix}",
                f"connect {method} requests to {subresource.name} of {self._resource.kind}", "connect", "", (),
                gvk=gvk,
            )  # fmt: skip
            parameters = tuple(sorted((*scope, *query(gvk.kind)), key=lambda p: p.key))
            yield replace(operation, parameters=parameters, produces=ANY)

    def _watch_paths(self) -> Iterator[PathItem]:
        kind, root = self._resource.kind, f"/{self._root}/watch/"
        listed = f"watch individual changes to a list of {kind}{_WATCH_LIST}."
        item = f"watch changes to an object of kind {kind}{_WATCH_LIST}{_WATCH_ITEM}"
        yield PathItem(root + self._collection, [self._watch(f"{self._named}List", listed, "watchlist", self._scope)])
        scope = (*self._scope, name_of(kind))
        yield PathItem(root + self._item, [self._watch(self._named, item, "watch", scope)])
        if self._resource.namespaced:
            rest = f"{kind}ListForAllNamespaces"
            yield PathItem(root + self._resource.name, [self._watch(rest, listed, "watchlist", ())])

    def _watch(self, rest: str, description: str, action: str, scope: tuple[Parameter, ...]) -> Operation:
        operation = self._operation(
            "get", "watch", rest, description, action, _META + "WatchEvent", (*scope, *query("list"))
        )
        return replace(operation, produces=STREAM_MEDIA_TYPES)


def root_path(version: GroupVersion) -> str:
    """ "api/v1" or "apis/apps/v1": the key of a group version's document."""
    return f"apis/{version.group}/{version.version}" if version.group else f"api/{version.version}"


def discovery(root: str, rest: str, description: str, answer: str) -> PathItem:
    """A document of discovery at /`root`/; `answer` is the short name of its meta/v1 type."""
    operation = Operation(
        method="get", id=operation_id("get", root, rest), tag=tag(root), description=description,
        answer=_META + answer, consumes=MEDIA_TYPES,
    )  # fmt: skip
    return PathItem(f"/{root}/", [operation])


def information(root: str, id: str, description: str, answer: str, produces: str = JSON, *,
                consumes: tuple[str, ...] = ()) -> PathItem:  # fmt: skip
    """A path outside the API, such as /version/."""
    operation = Operation(
        method="get", id=id, tag=tag(root), description=description, answer=answer, consumes=consumes,
        produces=(produces,),
    )  # fmt: skip
    return PathItem(f"/{root}/", [operation])
