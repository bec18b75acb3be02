"""Field management of one endpoint (upstream: k8s.io/apimachinery pkg/util/managedfields/internal).

Upstream is a chain of small managers, each wrapping the next: version check, last-applied updater and migration,
skip non-applied, cap, build manager info, managed fields updater, strip meta, structured merge. Here each is a
step of `FieldManager.update` or `FieldManager.apply`.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.managedfields import entries, fieldset, lastapplied
from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.conflict import conflict_error
from pilothouse.apimachinery.managedfields.entries import Managed
from pilothouse.apimachinery.managedfields.fieldset import FieldSet
from pilothouse.apimachinery.managedfields.kept import Kept
from pilothouse.apimachinery.managedfields.names import manager_name, validate_manager_name
from pilothouse.apimachinery.managedfields.typed import Node, TypedError
from pilothouse.apimachinery.managedfields.updater import (
    Conflicts,
    Converter,
    Manager,
    Managers,
    Object,
    Updater,
    VersionedSet,
)
from pilothouse.apimachinery.managedfields.validate import validate
from pilothouse.apimachinery.schema.model import Type

__all__ = ["FieldManager", "manager_name", "validate_manager_name"]

MAX_UPDATE_MANAGERS: Final = 10
"""The oldest ones beyond these are merged into one called ANCIENT for each version."""
ANCIENT: Final = "ancient-changes"
BEFORE_FIRST_APPLY: Final = "before-first-apply"

#: Nobody owns these: they name the object, or the server sets them. (upstream: stripmeta.go)
_STRIPPED: Final = fieldset.from_paths([
    ("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace"),
    ("metadata", "creationTimestamp"), ("metadata", "selfLink"), ("metadata", "uid"), ("metadata", "clusterName"),
    ("metadata", "generation"), ("metadata", "managedFields"), ("metadata", "resourceVersion"),
])
_CURRENT: Final = Manager("current-operation", "", "", "")


class FieldManager:
    """Keeps metadata.managedFields for the writes to one resource or subresource in one version.

    `reset_fields` are paths that this endpoint resets (a main resource's status), or all that it does not: nobody owns
    the others through it.
    `converter` serves managers that own fields in other versions; without one they are dropped, as upstream drops
    those whose version is gone. It gets and returns objects without kind, apiVersion and managedFields. `type` may be
    a function that makes the type when it is first needed.
    """

    def __init__(
        self, type: Type | Callable[[], Type], gvk: GroupVersionKind, subresource: str = "",
        reset_fields: FieldSet | Kept | None = None, converter: Converter | None = None,
    ) -> None:
        self._type = type
        self._gvk = gvk
        self._api_version = gvk.api_version
        self._subresource = subresource
        self._reset_fields = reset_fields or {}
        self._converter = converter

    @cached_property
    def _node(self) -> Node:
        return compile_type(self._type if isinstance(self._type, Type) else self._type())

    @cached_property
    def _updater(self) -> Updater:
        return Updater(self._node, self._api_version, self._reset_fields, self._converter)

    def update(self, live: Object | None, new: Object, manager: str, now: str) -> Object:
        """`new`, which is to replace `live` (None or {}: it is created), with its managers brought up to date.

        `now` is RFC 3339 in seconds. The arguments are left as they are. Objects of which ownership cannot be told
        are no error, they lose their managedFields. (upstream: FieldManager.UpdateNoErrors)
        """
        new_bare, new_entries = _split(new)
        if not live and new_entries is None:
            return _join(new, new_bare, self._created(new_bare, manager, now))
        live_bare, live_entries = _split(live or {})
        if self._node.unchanged(live_bare, new_bare) and (
            self._subresource or new_entries is None or new_entries == live_entries
        ):
            return _join(new, new_bare, live_entries or [])
        try:
            managed = self._managed_before(live_entries, new_entries)
            if not managed.managers and _metadata(live_bare).get("uid"):
                # Its managers were reset or never tracked; tracking starts with an apply (skipnonapplied.go).
                return _join(new, new_bare, [])
            before = managed.managers
            self._own(managed, live_bare, new_bare, manager, now)
        except TypedError:
            return _join(new, new_bare, [])
        if managed.managers is not before:
            _cap(managed)
        return _join(new, new_bare, entries.encode(managed))

    def apply(self, live: Object | None, patch: Object, manager: str, force: bool, now: str) -> Object:
        """`live` (None or {}: it is created) with `patch` applied for `manager`, and its managers.

        Fields that the manager applied before and not now, and that nobody else owns, are removed. The result has
        `patch`'s kind and apiVersion; it is not defaulted, and not normalized to Go's form. Raises StatusError: 409
        with causes when others own what `patch` changes (unless `force`), 400 for another kind or managedFields in
        the patch, 500 (as upstream) for a patch that does not fit the type.
        """
        self._check_kind(patch)
        config, config_entries = _split(patch)
        live_bare, live_entries = _split(live or {})
        try:
            managed = entries.decode(live_entries, trusted=True)
        except ValueError as e:
            raise status.plain_internal(f"failed to decode managed fields: {e}") from e
        if not managed.managers:
            try:
                self._own(managed, {}, live_bare, BEFORE_FIRST_APPLY, now)
            except TypedError as e:
                error = validate(self._node, live_bare) or e
                raise status.plain_internal(
                    f"failed to create typed live object ({self._describe(live_bare)}): {error}"
                ) from e
            _cap(managed)
        if config_entries is not None:
            raise status.bad_request("metadata.managedFields must be nil")
        if error := validate(self._node, config):
            raise status.plain_internal(f"failed to create typed patch object ({self._describe(patch)}): {error}")
        identity = entries.manager_for(manager or "unknown", entries.APPLY, self._api_version, self._subresource)
        merged, managed.managers = self._merge(live_bare, config, managed.managers, identity, manager, force)
        self._strip(managed.managers, identity)
        if self._node.unchanged(live_bare, merged):
            merged = live_bare
        else:
            managed.times[identity] = now
        if manager == lastapplied.KUBECTL:
            merged = lastapplied.refresh(merged, patch)
        merged = {"kind": patch["kind"], "apiVersion": patch["apiVersion"], **merged}
        return _join(merged, merged, entries.encode(managed))

    def _created(self, new: Object, manager: str, now: str) -> list[dict[str, Any]]:
        """The managedFields of a new object: all of it is its creator's."""
        try:
            fields = fieldset.difference(self._updater.created(new), _STRIPPED)
        except TypedError:
            return []
        if not fields:
            return []
        entry = {
            "manager": manager or "unknown", "operation": entries.UPDATE, "apiVersion": self._api_version, "time": now,
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        }
        if self._subresource:
            entry["subresource"] = self._subresource
        return [entry]

    def _merge(
        self, live: Object, config: Object, managers: Managers, identity: Manager, manager: str, force: bool
    ) -> tuple[Object, Managers]:
        try:
            return self._updater.apply(live, config, managers, identity, force)
        except TypedError as e:
            raise status.plain_internal(f"failed to merge config: {e}") from e
        except Conflicts as conflicts:
            left: Conflicts | None = conflicts
            if manager == lastapplied.KUBECTL:
                allowed = lastapplied.allowed_conflicts(self._updater, live, self._api_version)
                left = conflicts if allowed is None else lastapplied.remaining(conflicts, allowed)
            if left is not None:
                raise conflict_error(left) from conflicts
        return self._updater.apply(live, config, managers, identity, True)

    def _check_kind(self, patch: Object) -> None:
        api_version, kind = patch.get("apiVersion"), patch.get("kind")
        try:
            group, version = GroupVersion.parse(api_version if isinstance(api_version, str) else "")
        except ValueError:
            group = version = ""
        gvk = GroupVersionKind(group, version, kind if isinstance(kind, str) else "")
        if gvk != self._gvk:
            raise status.bad_request(f"invalid object type: {gvk}")

    def not_converted(self, patch: Object, why: str) -> status.StatusError:
        """500 for a result of `apply` that Go's type cannot hold (upstream: structuredmerge.go, scheme.go)."""
        return status.plain_internal(
            f"failed to convert new object ({self._describe(patch)}) to proper version: unable to convert "
            f"unstructured object to {self._gvk}: {why}"
        )

    def _describe(self, obj: Object) -> str:
        metadata = _metadata(obj)
        return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}; {self._gvk}"

    def _managed_before(self, live: list[Any] | None, new: list[Any] | None) -> Managed:
        """A client may set managers itself, except through a subresource; what makes no sense is ignored."""
        if new and not self._subresource and new != live:
            if entries.is_reset(new):
                return Managed()
            try:
                managed = entries.decode(new)
                if managed.managers:
                    return managed
            except ValueError:
                pass
        elif new is not None and not new and not self._subresource:
            return Managed()
        try:
            return entries.decode(live, trusted=True)
        except ValueError:
            return Managed()

    def _own(self, managed: Managed, live: Object, new: Object, manager: str, now: str) -> None:
        """Let `manager` own what differs; it joins what it owned before, and only then its time moves on."""
        managers = self._updater.update(live, new, managed.managers, _CURRENT)
        self._strip(managers, _CURRENT)
        owned = managers.pop(_CURRENT, None)
        if owned is not None:
            identity = entries.manager_for(manager or "unknown", entries.UPDATE, self._api_version, self._subresource)
            previous = managers.get(identity)
            if previous is not None:
                fields = fieldset.union(owned.fields, previous.fields)
                owned = VersionedSet(fields, owned.api_version, owned.applied)
            managers[identity] = owned
            managed.times[identity] = now
        managed.managers = managers

    @staticmethod
    def _strip(managers: Managers, manager: Manager) -> None:
        owned = managers.get(manager)
        if owned is None:
            return
        fields = fieldset.difference(owned.fields, _STRIPPED)
        if fields:
            managers[manager] = VersionedSet(fields, owned.api_version, owned.applied, owned.ordered)
        else:
            del managers[manager]


def _cap(managed: Managed) -> None:
    """Merge the oldest updaters of a version until there are few enough (upstream: capmanagers.go)."""
    managers, times = managed.managers, managed.times
    updaters = [manager for manager, owned in managers.items() if not owned.applied]
    count = len(updaters)
    if count <= MAX_UPDATE_MANAGERS:
        return
    updaters.sort(key=lambda m: (times.get(m, ""), entries.identifier(m)))
    first_of_version: dict[str, Manager] = {}
    merged: dict[Manager, list[FieldSet]] = {}
    for manager in updaters:
        if count <= MAX_UPDATE_MANAGERS:
            break
        owned = managers[manager]
        bucket = entries.manager_for(ANCIENT, entries.UPDATE, owned.api_version, "")
        first = first_of_version.setdefault(owned.api_version, manager)
        if first == manager:
            continue
        if bucket not in managers:
            managers[bucket] = managers.pop(first)
        merged.setdefault(bucket, [managers[bucket].fields]).append(owned.fields)
        del managers[manager]
        if manager == bucket:
            del merged[bucket]
        count -= 1
        if manager in times:
            times[bucket] = times[manager]
        else:
            times.pop(bucket, None)
    for bucket, sets in merged.items():
        managers[bucket] = VersionedSet(fieldset.union_of(sets), managers[bucket].api_version, applied=False)


def _metadata(obj: Object) -> dict[str, Any]:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def _split(obj: Object) -> tuple[Object, list[Any] | None]:
    """The object without kind, apiVersion and managedFields, and its managedFields as they stand."""
    bare = {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
    metadata = bare.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return bare, None
    bare["metadata"] = metadata = dict(metadata)
    return bare, metadata.pop("managedFields")


def _join(obj: Object, bare: Object, encoded: list[dict[str, Any]]) -> Object:
    """`obj` with exactly these managedFields. `bare` is what `_split` made of it."""
    out = dict(obj)
    metadata = _metadata(bare)
    if encoded:
        out["metadata"] = {**metadata, "managedFields": encoded}
    elif "metadata" in out:
        out["metadata"] = metadata
    return out
