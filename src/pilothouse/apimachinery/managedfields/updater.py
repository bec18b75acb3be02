"""What a write does to the sets of all managers (upstream: structured-merge-diff merge/update.go)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from pilothouse.apimachinery.managedfields import fieldset
from pilothouse.apimachinery.managedfields.compile import compile_type
from pilothouse.apimachinery.managedfields.fieldset import FieldSet, Path
from pilothouse.apimachinery.managedfields.kept import Kept
from pilothouse.apimachinery.managedfields.typed import Node
from pilothouse.apimachinery.schema.model import Type

Object: TypeAlias = dict[str, Any]

#: Gives an object in another version: (object, its apiVersion, wanted apiVersion) → (type there, object there),
#: or None if there is no such version (any more).
Converter: TypeAlias = Callable[[Object, str, str], tuple[Type, Object] | None]


class Manager(NamedTuple):
    """Who owns a set. `api_version` is "" for those that apply: they stay the same over versions."""

    name: str
    operation: str
    api_version: str
    subresource: str


@dataclass(frozen=True, slots=True)
class VersionedSet:
    """What a manager owns, in terms of one API version. `ordered`: `fields` is in the order in which it is written."""

    fields: FieldSet
    api_version: str
    applied: bool
    ordered: bool = field(default=False, compare=False)


Managers: TypeAlias = dict[Manager, VersionedSet]


class Conflicts(Exception):
    """Fields that others own and that an apply would change: (manager, path) in order."""

    def __init__(self, conflicts: list[tuple[Manager, Path]]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of two objects in terms of one version."""

    changed: FieldSet
    removed: FieldSet


_NOTHING = Change({}, {})


class Updater:
    """`reset` are the paths that the endpoint resets, or all that it does not; nobody comes to own them through it."""

    def __init__(self, node: Node, api_version: str, reset: FieldSet | Kept, converter: Converter | None) -> None:
        self._node = node
        self._version = api_version
        self._reset = reset
        self._converter = converter

    def update(self, live: Object, new: Object, managers: Managers, manager: Manager) -> Managers:
        """The managers after `manager` wrote `new` over `live`. `manager` itself must not be among them."""
        managers = self._reconcile(live, managers)
        change = self._compare(live, new)
        managers = self._disown(live, new, change, managers, None)
        if change.changed:
            managers[manager] = VersionedSet(change.changed, self._version, applied=False)
        return managers

    def apply(
        self, live: Object, config: Object, managers: Managers, manager: Manager, force: bool
    ) -> tuple[Object, Managers]:
        """The merged object and the managers after it. Raises Conflicts."""
        managers = self._reconcile(live, managers)
        merged: Object = self._node.merge(live, config)
        last = managers.get(manager)
        fields = self._without_reset(self._node.fields(config) or {})
        managers[manager] = VersionedSet(fields, self._version, applied=True, ordered=True)
        if last is not None:
            merged = self._prune(merged, managers, manager, last)
        change = self._compare(live, merged)
        return merged, self._disown(live, merged, change, managers, manager, force=force)

    def created(self, new: Object) -> FieldSet:
        """What whoever creates `new` owns, in the order in which it is written."""
        return self._without_reset(self._node.created(new) or {})

    def fields(self, obj: Object) -> FieldSet:
        return self._node.fields(obj) or {}

    def difference(self, old: Object, new: Object) -> FieldSet:
        """Everything that differs, whether added, modified or removed."""
        change = self._diff(self._node, old, new)
        return fieldset.union(change.changed, change.removed)

    def _compare(self, old: Object, new: Object) -> Change:
        change = self._diff(self._node, old, new)
        if not self._reset or change is _NOTHING:
            return change
        return Change(self._without_reset(change.changed), self._without_reset(change.removed))

    @staticmethod
    def _diff(node: Node, old: Object, new: Object) -> Change:
        if node.unchanged(old, new):
            return _NOTHING
        changed, removed = node.diff(old, new)
        return Change(changed or {}, removed or {})

    def _without_reset(self, fields: FieldSet) -> FieldSet:
        if isinstance(self._reset, Kept):
            return self._reset.of(fields)
        return fieldset.recursive_difference(fields, self._reset) if self._reset else fields

    def _convert(self, obj: Object, api_version: str) -> tuple[Node, Object] | None:
        """The object and its node in a version; None if there is no such version."""
        if api_version == self._version:
            return self._node, obj
        if self._converter is None:
            return None
        found = self._converter(obj, self._version, api_version)
        return None if found is None else (compile_type(found[0]), found[1])

    def _disown(
        self, live: Object, new: Object, change: Change, managers: Managers, own: Manager | None, force: bool = True
    ) -> Managers:
        """Take from all but `own` what changed or went; drop those that own nothing any more."""
        changes: dict[str, Change | None] = {self._version: change}
        out: Managers = {}
        conflicts: list[tuple[Manager, Path]] = []
        for manager, owned in managers.items():
            if manager == own:
                if owned.fields:
                    out[manager] = owned
                continue
            version = owned.api_version
            if version not in changes:
                changes[version] = self._compare_in(version, live, new)
            there = changes[version]
            if there is None:
                continue
            lost = fieldset.intersection(owned.fields, there.changed) if there.changed else {}
            if lost and not force:
                conflicts += [(manager, path) for path in fieldset.paths(lost)]
                continue
            left = owned.fields
            if lost:
                left = fieldset.difference(left, lost)
            if there.removed:
                left = fieldset.difference(left, there.removed)
            if left:
                same = left is owned.fields
                out[manager] = owned if same else VersionedSet(left, version, owned.applied, owned.ordered)
        if conflicts:
            raise Conflicts(conflicts)
        return out

    def _compare_in(self, version: str, live: Object, new: Object) -> Change | None:
        old_there, new_there = self._convert(live, version), self._convert(new, version)
        if old_there is None or new_there is None:
            return None
        change = self._diff(new_there[0], old_there[1], new_there[1])
        return Change(self._without_reset(change.changed), self._without_reset(change.removed))

    def _reconcile(self, live: Object, managers: Managers) -> Managers:
        """Managers whose version still exists, their sets fitted to the schema as it is now."""
        out: Managers = {}
        nodes: dict[str, Node | None] = {self._version: self._node}
        for manager, owned in managers.items():
            version = owned.api_version
            if version not in nodes:
                found = self._convert(live, version)
                nodes[version] = None if found is None else found[0]
            node = nodes[version]
            if node is None:
                continue
            fields = node.reconcile(owned.fields)
            if fields is owned.fields:
                out[manager] = owned
            else:
                out[manager] = VersionedSet(fields, version, owned.applied, owned.ordered)
        return out

    def _prune(self, merged: Object, managers: Managers, manager: Manager, last: VersionedSet) -> Object:
        """Remove what `manager` applied last time, not this time, and nobody else owns."""
        mine = managers[manager]
        if last.api_version == mine.api_version and not fieldset.difference(last.fields, mine.fields):
            return merged
        found = self._convert(merged, last.api_version)
        if found is None or not last.fields:
            return merged
        node, there = found
        named_last = node.named(last.fields)
        pruned = self._add_back_owned(there, node.remove(there, named_last) or {}, last.api_version, managers)
        merged_fields = node.named(node.fields(there) or {})
        pruned_fields = node.named(node.fields(pruned) or {})
        # Only what the manager itself had applied goes: the rest was nobody's, or an updater's.
        gone = fieldset.intersection(fieldset.difference(merged_fields, pruned_fields), named_last)
        result: Object = node.remove(there, gone) or {}
        if last.api_version == self._version or self._converter is None:
            return result
        back = self._converter(result, last.api_version, self._version)
        return merged if back is None else back[1]

    def _add_back_owned(self, merged: Object, pruned: Object, version: str, managers: Managers) -> Object:
        """Restore in `pruned` what any manager still owns. Both objects are in `version`, and so is the result."""
        sets_at: dict[str, list[FieldSet]] = {}
        for owned in managers.values():
            sets_at.setdefault(owned.api_version, []).append(owned.fields)
        owned_at = {at: fieldset.union_of(sets) for at, sets in sets_at.items()}
        current = version
        for other in sorted(owned_at, key=lambda v: (v != version, v)):
            here, there = self._between(merged, current, other), self._between(pruned, current, other)
            if here is None or there is None:
                continue
            node, merged = here
            pruned, current = there[1], other
            merged_fields = node.named(node.fields(merged) or {})
            kept = fieldset.union(node.named(node.fields(pruned) or {}), node.named(owned_at[other]))
            pruned = node.remove(merged, fieldset.difference(merged_fields, kept)) or {}
        back = self._between(pruned, current, version)
        return pruned if back is None else back[1]

    def _between(self, obj: Object, current: str, wanted: str) -> tuple[Node, Object] | None:
        if current == wanted:
            found = self._convert(obj, wanted) if wanted == self._version else None
            if found is not None:
                return found
        if self._converter is None:
            return None
        converted = self._converter(obj, current, wanted)
        return None if converted is None else (compile_type(converted[0]), converted[1])
