"""What a resource is, and what its storage can do (upstream: k8s.io/apiserver pkg/registry/rest).

`Resource` is data: everything that discovery, routing, printing and the generic store need to know of a
kind beyond its type schema. One of them stands in `registry/<group>/` for each entry of discovery.
Objects are plain dicts in wire form (JSON names) of the version at hand, without kind and apiVersion
where they come from storage, with both where they come from a client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pilothouse.apimachinery import field as fld
from pilothouse.apimachinery.gvk import GroupKind, GroupResource, GroupVersion, GroupVersionKind
from pilothouse.apimachinery.names import NameValidator, is_dns_subdomain

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Handler, Request, Response
    from pilothouse.storage.interface import Item

Object = dict[str, Any]

#: Ends what `Strategy.begin_create` or `begin_update` began; called with whether the write happened.
Finish = Callable[[bool], Awaitable[None]]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_VERBS = ("get", "list")


class Heavier(Exception):
    """Raised by a strategy's validating methods where they find out that the rest would hold the loop for too long.

    What they belong to is done once more from the beginning, in a thread, with `Context.heavy` set.
    """


class Strategy:
    """The rules that no schema can say. Subclass what differs; the defaults suit a kind with nothing special.

    Called by the generic store in upstream's order: on create `prepare_for_create` → `validate` →
    `warnings_on_create` → `canonicalize`; on update `prepare_for_update` → `validate_update` → … All
    methods may change `obj` in place except the validating ones. Objects have been decoded, defaulted
    and converted to the storage version before. (upstream: rest/create.go, rest/update.go)
    """

    allow_create_on_update = False
    allow_unconditional_update = True
    #: Names are validated with this function: (name, prefix) -> list of error texts. None: DNS subdomain.
    validate_name: NameValidator | None = None
    #: True if an update of the spec may ask for another name (see `name_validator`), which it cannot have.
    names_follow_spec = False
    #: True if metadata.generation is kept: 1 on create, +1 when anything outside metadata and status changes.
    generation = False
    #: True if a create keeps the status fields that the client sent (kubelets create nodes with their status).
    creates_with_status = False
    #: Fields that a write to the main resource cannot set and a write to /status can (usually {"status"}).
    #: Also excluded from managedFields of the other endpoint, as upstream's GetResetFields does.
    status_fields: tuple[str, ...] = ()
    #: Whether an object is deleted in a graceful way (pods only); see `check_graceful_delete`.
    graceful = False
    #: What a deletion does with dependents when the request says nothing: "background", "orphan", or
    #: "unsupported" for kinds that never have dependents (no deletion finalizer is ever set).
    default_garbage_collection_policy = "background"
    #: True if finalizers must be Kubernetes' own or have a domain, as for most built-in kinds (see `metachecks`);
    #: custom resources take any qualified name.
    qualified_finalizers = True
    #: How the kind's own validation checks the metadata of an update once more (see `metachecks`); None: as the table
    #: there says.
    metadata_checks: tuple[str, ...] | None = None
    #: True for kinds whose new objects upstream stores without a value that every read then fills in. What a client
    #: sees is the same, but the first update is written even if it changes nothing, as the stored bytes change.
    completed_by_first_update = False
    #: Warned about when a deletion that says nothing orphans dependents by the kind's default.
    orphan_warning = ""
    #: Strategies of other subresources that write the whole object ("finalize", "approval", "resize").
    subresource_strategies: Mapping[str, Strategy] = {}
    #: True for kinds that stay, terminating, until they have been emptied (namespaces, CRDs);
    #: see `start_termination` and `emptied`.
    terminates = False

    def name_validator(self, obj: Object) -> NameValidator:
        """What checks the name of `obj`, and what it is made from."""
        return self.validate_name or is_dns_subdomain

    def prepare_for_create(self, ctx: Context, obj: Object) -> None: ...

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None: ...

    def validate(self, ctx: Context, obj: Object) -> list[fld.Error]:
        return []

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[fld.Error]:
        return []

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        return []

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return []

    def canonicalize(self, obj: Object) -> None: ...

    def check_graceful_delete(self, ctx: Context, obj: Object, options: DeleteOptions) -> int | None:
        """Grace period in seconds for this deletion, or None for a kind that is deleted at once."""
        return None

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None: ...

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[fld.Error]:
        return []

    def warnings_on_status_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        return []

    async def permit(self, ctx: Context, namespace: str, obj: Object, old: Object | None) -> None:
        """Refuses what this user may not write, before anything else is looked at (RBAC escalation). Raises 403.

        `old` is what is stored: None on create, {} when an update creates. Not called for subresources.
        (upstream: the storage wrappers named policybased)
        """

    async def authorize_values(
        self, ctx: Context, obj: Object, old: Object | None, subresource: str
    ) -> list[fld.Error]:
        """What of a valid object this user may not write. `old` is None on create. (upstream: part of validation)"""
        return []

    async def begin_create(self, ctx: Context, obj: Object, dry_run: bool) -> Finish | None:
        """Allocate what the object needs (cluster IPs, node ports); the returned function is called with
        whether the write happened, to keep or release it. (upstream: Store.BeginCreate)"""
        return None

    async def begin_update(self, ctx: Context, obj: Object, old: Object, dry_run: bool) -> Finish | None:
        """The same for an update of the resource itself; never called for its subresources."""
        return None

    async def after_delete(self, ctx: Context, obj: Object) -> None:
        """Release what the object held."""

    def start_termination(self, ctx: Context, obj: Object) -> None:
        """Mark `obj` as terminating (phase, condition); its deletionTimestamp is set. Only if `terminates`."""

    def emptied(self, obj: Object) -> bool:
        """Whether nothing but metadata.finalizers holds a deleted `obj` (namespaces: spec.finalizers are empty)."""
        return True


@dataclass(frozen=True, slots=True)
class Column:
    """One Table column (metav1.TableColumnDefinition)."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class Printer(Protocol):
    """Makes Table cells. `columns` in upstream's order; `cells(obj, now)` gives one row's cells in that order."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def cells(self, obj: Mapping[str, Any], now: float) -> list[Any]: ...

    def conditions(self, obj: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The row's conditions (a completed pod has one), usually None."""
        ...


@dataclass(frozen=True, slots=True)
class Converter:
    """Between a served version and the storage version; both directions lose nothing. In-place or new dict."""

    to_storage: Callable[[Object], Object]
    from_storage: Callable[[Object], Object]


class Versions(Protocol):
    """One version of a resource whose stored bytes say in which version they are (kind and apiVersion stand in them),
    and whose conversion may take a while, such as a webhook's. Made for custom resources; built-in kinds that are
    served in several versions have a `Converter`. All raise StatusError where a conversion fails.
    """

    async def read(self, item: Item) -> Object:
        """A fresh object of what `item` holds, in this version."""
        ...

    async def written(self, obj: Object) -> Object:
        """`obj`, which is in this version and in its normal form, as it is to be stored; it may be changed. Raises 404
        when the resource has gone meanwhile."""
        ...

    async def shown(self, items: Sequence[Item]) -> Sequence[Item]:
        """`items` with bodies as this version's clients read them, in the same order; most are the same objects."""
        ...


@dataclass(frozen=True, slots=True)
class Subresource:
    """An endpoint below an object: "status", "scale", "binding", …

    `kind` is the kind its bodies have (None: the parent's). `handler` names the mechanism: "status" and
    "scale" are the machine's own; anything else is a `SubresourceHandler`, a `Connecter` or a `Streamer` made by
    the group's folder.
    `accepts` are older versions of `kind` that are no longer served, but whose bodies are still taken; `default`
    completes bodies of `kind` in place.
    """

    name: str
    verbs: tuple[str, ...]
    kind: GroupVersionKind | None = None
    handler: str | SubresourceHandler | Connecter | Streamer = ""
    accepts: tuple[GroupVersion, ...] = ()
    default: Callable[[Object], None] | None = None


class SubresourceHandler(Protocol):
    """A subresource with a meaning of its own (pods/binding, namespaces/finalize, serviceaccounts/token)."""

    def __call__(self, store: Any, ctx: Context, call: SubresourceCall) -> Awaitable[Object]: ...


@runtime_checkable
class Connecter(Protocol):
    """A subresource that hands the request to something else, a kubelet or a pod (upstream: rest.Connecter).

    `methods` are the HTTP methods it takes.
    """

    @property
    def methods(self) -> Sequence[str]: ...

    def connect_options(self, request: Request) -> Object:
        """What the URL asks for, as an object of the subresource's kind. Raises ValueError, which answers 400."""
        ...

    async def connect(self, ctx: Context, namespace: str, name: str, options: Object) -> Handler:
        """What answers the request, once admission has seen `options`. Raises StatusError."""
        ...


@runtime_checkable
class Streamer(Protocol):
    """A subresource whose answer is a stream of another server (upstream: rest.ResourceStreamer)."""

    def stream_options(self, request: Request) -> Object:
        """What the URL asks for. Raises ValueError, which answers 400."""
        ...

    async def stream(self, ctx: Context, namespace: str, name: str, options: Object) -> Response:
        """Raises StatusError."""
        ...


@dataclass(slots=True)
class SubresourceCall:
    """`verb` is create, get, update or patch; `body` the decoded and defaulted object (None for get)."""

    verb: str
    namespace: str
    name: str
    body: Object | None
    dry_run: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One entry of discovery. Frozen data; `strategy` is shared by all requests and holds no request state."""

    group: str
    version: str
    kind: str
    name: str
    singular: str
    namespaced: bool
    strategy: Strategy = field(default_factory=Strategy)
    verbs: tuple[str, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    #: "pods" for /registry/pods/ns/name; kube-apiserver's own key, e.g. "services/specs", "minions".
    storage_prefix: str = ""
    #: Selectable fields beyond metadata.name and metadata.namespace, read from a *storage-version* object.
    selectable: Callable[[Mapping[str, Any]], dict[str, str]] | None = None
    #: Names of those fields, in upstream's order, as error texts list them.
    selectable_names: tuple[str, ...] = ()
    default: Callable[[Object], None] | None = None
    """In-place defaulting of this version's objects (upstream: SetObjectDefaults_*)."""
    printer: Printer | None = None
    converter: Converter | None = None
    """None: this is the storage version. Else the storage version's Resource is found by `storage_prefix`."""
    deprecated: str = ""
    """What every answer about a deprecated version warns of."""
    #: The feature gate that it needs beside its version being on, "" for none.
    feature_gate: str = ""
    #: A resource that stores nothing (reviews, bindings, componentstatuses): verb → function(ctx, call).
    virtual: Mapping[str, SubresourceHandler] | None = None
    #: Annotations that stand for a field of upstream's internal type. Its tables and PartialObjectMetadata are made
    #: of that type and do not show them; every other answer does.
    hidden_annotations: tuple[str, ...] = ()
    #: Go's internal type for wordings such as "(core.ConfigMap)".
    internal_kind: str = ""
    list_kind: str = ""

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.group, self.version, self.kind)

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.group, self.kind)

    @property
    def group_resource(self) -> GroupResource:
        return GroupResource(self.group, self.name)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions, decoded and validated. None means "not given"."""

    grace_period_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What create, update and patch requests ask for beside the object."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool = False
    user_agent: str = ""


#: Given the newest object (storage version, without kind/apiVersion; {} when `create_on_missing` and nothing is
#: there), returns the object to write: the handler's patching, field management and mutating admission. Called
#: again after a conflict, so it must not keep state between calls.
Updater = Callable[[Object], Awaitable[Object]]
#: Validating admission: (object or None, old object or None). Raises StatusError. Called after the strategy's checks.
Validation = Callable[[Object | None, Object | None], Awaitable[None]]


class Storage(Protocol):
    """The verbs of one resource (upstream: rest.StandardStorage). Implemented once, by `registry.store.Store`.

    Every method raises `StatusError`. `namespace` is "" for cluster-scoped resources and for lists over
    all namespaces. Objects are in the storage version, without kind and apiVersion. The handler has
    decoded, converted, defaulted, field-managed and mutated (admission) before; the store runs the strategy,
    validation, allocation and the storage transaction, with upstream's order and wording.
    """

    resource: Resource

    async def get(self, ctx: Context, namespace: str, name: str, resource_version: str = "") -> Item: ...

    async def create(
        self, ctx: Context, namespace: str, obj: Object, options: WriteOptions, *, validate: Validation | None = None
    ) -> Item: ...

    async def update(
        self, ctx: Context, namespace: str, name: str, update: Updater, options: WriteOptions,
        *, subresource: str = "", create_on_missing: bool = False, validate: Validation | None = None, uid: str = "",
    ) -> tuple[Item, bool]:
        """Returns (item, created). A write that changes nothing returns the item as it stands.

        `uid` is a precondition: the uid in a PUT's body (patches have none).
        """
        ...

    async def delete(
        self, ctx: Context, namespace: str, name: str, options: DeleteOptions, *, validate: Validation | None = None
    ) -> tuple[Item, bool]:
        """Returns (last item, gone): gone is False while finalizers or a grace period keep it."""
        ...

    async def delete_collection(
        self, ctx: Context, namespace: str, items: Sequence[Item], options: DeleteOptions,
        *, validate: Validation | None = None,
    ) -> list[Item]:
        """Deletes each of `items` (the page that the handler's list found); objects gone meanwhile are skipped."""
        ...
