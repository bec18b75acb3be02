"""Priority and fairness as the options ask for it, fed with what is stored (upstream: BuildPriorityAndFairness)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.controlplane.stores import follow
from pilothouse.flowcontrol.controller import ADJUSTMENT_SECONDS, FlowController
from pilothouse.flowcontrol.estimator import WatchTracker, WorkEstimator
from pilothouse.server.filters.priority_and_fairness import FlowControl
from pilothouse.server.periodic import every

if TYPE_CHECKING:
    from pilothouse.options.options import Options
    from pilothouse.registry.store import Store
    from pilothouse.storage.storage import Storage

Stores = Mapping[GroupResource, "Store"]
_GROUP = "flowcontrol.apiserver.k8s.io"
_KINDS = {"flowschemas": "FlowSchema", "prioritylevelconfigurations": "PriorityLevelConfiguration"}


def build(options: Options, stores: Stores) -> FlowControl | None:
    """None where max-in-flight limits are asked for instead. `stores` may be filled later."""
    if not options.features.enable_priority_and_fairness:
        return None
    generic = options.generic
    limit = generic.max_requests_inflight + generic.max_mutating_requests_inflight
    controller = FlowController(limit, _later)
    watches = WatchTracker()
    estimator = WorkEstimator(lambda group, resource: _stats(stores, group, resource), watches)
    return FlowControl(controller, estimator, watches, generic.request_timeout / 4)


def feed(control: FlowControl, storage: Storage, stores: Stores) -> None:
    """Have schemas and levels take effect as they are stored; before the storage is opened."""
    for name, kind in _KINDS.items():
        store = stores.get(GroupResource(_GROUP, name))
        if store is not None:
            follow(storage, store, functools.partial(control.controller.apply, kind))


async def keep_adjusting(control: FlowControl) -> None:
    """Until cancelled."""
    async def adjust() -> None:
        control.controller.adjust()

    await every(ADJUSTMENT_SECONDS, adjust, "Seats were not adjusted, will try again")


def _later(seconds: float, function: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, function)


def _stats(stores: Stores, group: str, resource: str) -> tuple[int, int] | None:
    store = stores.get(GroupResource(group, resource))
    if store is None:
        return None
    return store.cacher.count(), store.cacher.average_bytes()
