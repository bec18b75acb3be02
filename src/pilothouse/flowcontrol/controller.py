"""Flow schemas and priority levels as they are stored, and requests through them (upstream: apf_controller.go).

A change takes effect with the next request. Levels that are no longer wanted go on until they are idle; the two
mandatory schemas and levels are there even where somebody has deleted them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pilothouse.flowcontrol.borrowing import Claim, allocate
from pilothouse.flowcontrol.concurrency import EXECUTING, MUTATING, READ_ONLY, WAITING, Concurrency
from pilothouse.flowcontrol.dealer import flow_hash
from pilothouse.flowcontrol.level import CATCH_ALL, EXEMPT_NAME, Limits, PriorityLevel, rounded
from pilothouse.flowcontrol.metrics import FlowControlMetrics, FlowMetrics
from pilothouse.flowcontrol.queueset import Ticket
from pilothouse.flowcontrol.rules import Schema
from pilothouse.flowcontrol.work import Work
from pilothouse.observability.logging import log

if TYPE_CHECKING:
    from pilothouse.apimachinery.requestinfo import RequestInfo
    from pilothouse.apimachinery.user import User

ADJUSTMENT_SECONDS = 10.0
"""How often limits follow demand (upstream: borrowingAdjustmentPeriod)."""
_CACHED = 4096
_LONGEST = 512
"""Requests with longer paths are classified each time: clients choose what the key is made of."""
Object = Mapping[str, Any]
_EVERYTHING = {
    "resourceRules": [{
        "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True,
    }],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
}


def _groups(*names: str) -> list[Object]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


_MANDATORY_LEVELS: Mapping[str, Object] = {
    EXEMPT_NAME: {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
    CATCH_ALL: {"type": "Limited", "limited": {
        "nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"},
    }},
}
_MANDATORY_SCHEMAS: Mapping[str, Object] = {
    EXEMPT_NAME: {
        "priorityLevelConfiguration": {"name": EXEMPT_NAME}, "matchingPrecedence": 1,
        "rules": [{"subjects": _groups("system:masters"), **_EVERYTHING}],
    },
    CATCH_ALL: {
        "priorityLevelConfiguration": {"name": CATCH_ALL}, "matchingPrecedence": 10000,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": _groups("system:unauthenticated", "system:authenticated"), **_EVERYTHING}],
    },
}


class Classification(NamedTuple):
    """What a request is: `hash` says which queues its flow has."""

    schema: Schema
    level: PriorityLevel
    flow: FlowMetrics
    distinguisher: str
    hash: int
    headers: tuple[tuple[bytes, bytes], ...]


Subject = tuple["User", "RequestInfo", Classification]
"""Whose request it is, and what for: what dumps show."""


class FlowController:
    """`server_limit` is how many seats there are in all. `clock` gives monotonic seconds."""

    def __init__(
        self, server_limit: int, later: Callable[[float, Callable[[], None]], object],
        *, metrics: FlowControlMetrics | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server_limit = server_limit
        self._later = later
        self._metrics = metrics or FlowControlMetrics()
        self._clock = clock
        self._stored_levels: dict[str, Object] = {}
        self._stored_schemas: dict[str, Object] = {}
        self.levels: dict[str, PriorityLevel] = {}
        self._schemas: list[Schema] = []
        self._catch_all: Schema
        self._changed = True
        self._known: dict[Any, Classification] = {}
        registry = self._metrics.registry
        self.executing, self.waiting = (
            {kind: Concurrency(kind, phase, registry, clock) for kind in (READ_ONLY, MUTATING)}
            for phase in (EXECUTING, WAITING)
        )
        """By kind; to be told of by whoever starts requests."""
        registry.add_collector(self._collect)

    def _collect(self) -> None:
        for level in self.levels.values():
            level.usage.collect()

    # Configuration

    def apply(self, kind: str, name: str, obj: Object | None) -> None:
        """A FlowSchema or PriorityLevelConfiguration is now `obj`, or gone."""
        stored = self._stored_schemas if kind == "FlowSchema" else self._stored_levels
        before = stored.get(name)
        if obj is None:
            stored.pop(name, None)
        else:
            stored[name] = obj
        if obj is None or before is None or before["spec"] != obj["spec"] or _uid(before) != _uid(obj):
            self._changed = True

    def _digest(self) -> None:
        self._changed = False
        self._known.clear()
        wanted = self._digest_levels()
        for name, level in list(self.levels.items()):
            level.quiescing = name not in wanted
            if level.quiescing and level.set.idle:
                del self.levels[name]
        shares = sum(level.limits.shares for level in self.levels.values())
        for level in self.levels.values():
            level.share(self._server_limit, shares)
        for kind in (READ_ONLY, MUTATING):
            self.executing[kind].bound(sum(level.nominal for level in self.levels.values()))
            self.waiting[kind].bound(sum(level.limits.places for level in self.levels.values()))
        self._digest_schemas()
        self.adjust()

    def _digest_levels(self) -> set[str]:
        wanted = set()
        for name, spec, uid in self._specs(self._stored_levels, _MANDATORY_LEVELS):
            try:
                limits = Limits.of(name, spec)
            except (ValueError, KeyError, TypeError) as e:
                log.warning("Ignoring PriorityLevelConfiguration because its spec is broken", name=name, err=str(e))
                continue
            level = self.levels.get(name)
            if level is None:
                level = self.levels[name] = PriorityLevel(name, self._clock, self._later, self._metrics)
            level.limits, level.uid = limits, uid
            wanted.add(name)
        return wanted

    def _digest_schemas(self) -> None:
        found: list[tuple[int, str, Schema]] = []
        for name, spec, uid in self._specs(self._stored_schemas, _MANDATORY_SCHEMAS):
            schema = Schema({"metadata": {"name": name, "uid": uid}, "spec": spec})
            if schema.level in self.levels:
                found.append((spec.get("matchingPrecedence", 1000), name, schema))
        found.sort(key=lambda entry: entry[:2])
        self._schemas = [schema for _, _, schema in found]
        self._catch_all = next(schema for schema in self._schemas if schema.name == CATCH_ALL)

    def _specs(self, stored: Mapping[str, Object], mandatory: Mapping[str, Object]) -> list[tuple[str, Object, str]]:
        return [
            *((name, obj["spec"], _uid(obj)) for name, obj in stored.items()),
            *((name, spec, "") for name, spec in mandatory.items() if name not in stored),
        ]

    # Limits

    def adjust(self) -> None:
        """Have limits follow demand; to be called every `ADJUSTMENT_SECONDS` (upstream: updateBorrowing)."""
        levels = list(self.levels.values())
        for level in levels:
            level.look_back()
        limited = [level for level in levels if not level.exempt]
        remaining = sum(level.nominal for level in levels) - sum(x.lowest_current for x in levels if x.exempt)
        lowest, used = sum(x.lower for x in limited), sum(x.lowest_current for x in limited)
        for level in levels:
            if level.exempt:
                level.limit(level.lowest_current)
        self._metrics.fair_fraction.set(0.0)
        if remaining <= lowest:
            limits = [float(level.lower) for level in limited]
        elif remaining <= used:
            part = (remaining - lowest) / (used - lowest)
            limits = [level.lower + (level.lowest_current - level.lower) * part for level in limited]
        else:
            # upstream shares out the whole, what exempt levels use included: kept
            limits = self._allocate(sum(level.nominal for level in levels), limited)
        for level, limit in zip(limited, limits, strict=True):
            level.limit(rounded(limit))

    def _allocate(self, total: int, levels: list[PriorityLevel]) -> list[float]:
        claims = [Claim(x.lowest_current, x.upper, max(x.lowest_current, x.smoothed)) for x in levels]
        try:
            shares, fraction = allocate(total, claims)
        except ValueError as e:
            log.error("Unable to derive new concurrency limits", e)
            return [float(level.current) for level in levels]
        self._metrics.fair_fraction.set(fraction)
        return shares

    # Requests

    def classify(self, user: User, info: RequestInfo) -> Classification:
        """The same for all requests of a kind; remembered until the configuration changes."""
        if self._changed:
            self._digest()
        key = (
            user.name, user.groups, info.verb, info.api_group, info.resource, info.subresource, info.namespace,
            info.is_resource_request or info.path,
        )
        found = self._known.get(key)
        if found is None:
            found = self._classify(user, info)
            if len(info.path) <= _LONGEST and user.is_small:
                if len(self._known) >= _CACHED:
                    self._known.clear()
                self._known[key] = found
        return found

    def _classify(self, user: User, info: RequestInfo) -> Classification:
        schema = next((s for s in self._schemas if s.matches(user, info)), self._catch_all)
        level = self.levels[schema.level]
        distinguisher, hashed = "", 0
        if level.limits.queues > 1:
            if schema.distinguisher:
                distinguisher = user.name if schema.distinguisher == "ByUser" else info.namespace
            hashed = flow_hash(schema.name, distinguisher)
        headers = (
            (b"x-kubernetes-pf-flowschema-uid", schema.uid.encode()),
            (b"x-kubernetes-pf-prioritylevel-uid", level.uid.encode()),
        )
        return Classification(schema, level, level.flow(schema.name), distinguisher, hashed, headers)

    def start(self, found: Classification, work: Work, subject: Subject) -> Ticket | str:
        """A ticket, executing or waiting; or why there is none."""
        return found.level.set.start(work, found.hash, found.flow, subject)

    def finish(self, found: Classification, ticket: Ticket) -> float:
        """The request has been served. Returns the time."""
        level = found.level
        now = level.set.finish(ticket)
        if level.quiescing:
            self._reap(level)
        return now

    def cancel(self, found: Classification, ticket: Ticket) -> bool:
        """The request no longer waits; False if it is executing already."""
        done = found.level.set.cancel(ticket)
        self._reap(found.level)
        return done

    def _reap(self, level: PriorityLevel) -> None:
        if level.quiescing and level.set.idle:
            self._changed = True


def _uid(obj: Object) -> str:
    uid: str = obj["metadata"].get("uid", "")
    return uid
