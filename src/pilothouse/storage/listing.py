"""Consistent reads of a watch cache, at its newest revision or an older one.

A read takes cheap list copies in its first step (a page at the newest revision needs nothing else) and
then works on them slice by slice: `Steps` yields in between, so that the same code serves a caller that
wants the answer at once and one that gives way to the event loop.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Generator, Sequence
from typing import Any, Final

from pilothouse.storage.interface import Event, Item, Page, Predicate
from pilothouse.storage.ordered import Ordered

Steps = Generator[None, None, Page]

_SLICE: Final = 512
_TURN_SECONDS: Final = 0.002


def newest_page(items: Ordered, predicate: Predicate, limit: int, start_after: str, revision: int) -> Steps:
    """A page of what is there now."""
    if not predicate.selective:
        found, total = items.select(predicate, start_after, limit)
        count = len(found)
        return Page(found, revision, count < total, total - count, count)
    found, _ = items.select(predicate, start_after)
    return (yield from _filtered(found, predicate, limit, revision))


def older_page(
    items: Ordered, events: Sequence[Event], predicate: Predicate, limit: int, start_after: str, revision: int
) -> Steps:
    """A page as of `revision`: the present with `events` (all that came after it) undone."""
    present, _ = items.select(predicate, start_after)
    changed: dict[str, Item | None] = {}
    for at, event in enumerate(events):
        key = event.item.key
        if key not in changed and key > start_after and predicate.covers(key):
            changed[key] = event.previous
        if not at % _SLICE:
            yield
    if changed:
        kept: list[Item] = []
        for at in range(0, len(present), _SLICE):
            kept.extend(item for item in present[at : at + _SLICE] if item.key not in changed)
            yield
        before = sorted((item for item in changed.values() if item is not None), key=lambda item: item.key)
        present = yield from _merged(kept, before)
    return (yield from _filtered(present, predicate, limit, revision))


def _merged(kept: list[Item], before: list[Item]) -> Generator[None, None, list[Item]]:
    keys = [item.key for item in kept]
    out: list[Item] = []
    start = 0
    for count, item in enumerate(before):
        end = bisect_left(keys, item.key, start)
        out.extend(kept[start:end])
        out.append(item)
        start = end
        if not count % _SLICE:
            yield
    out.extend(kept[start:])
    return out


def _filtered(items: list[Item], predicate: Predicate, limit: int, revision: int) -> Steps:
    total = len(items)
    if not predicate.selective:
        end = min(limit, total) if limit else total
        return Page(items[:end] if end < total else items, revision, end < total, total - end, end)
    labels, fields = predicate.labels, predicate.fields
    verdicts: dict[int, bool] = {}
    out: list[Item] = []
    for at in range(0, total, _SLICE):
        part = chosen = items[at : at + _SLICE]
        if labels is not None:
            chosen = _labelled(part, labels, verdicts)
        if fields is not None:
            chosen = [item for item in chosen if fields.matches(item.fields)]
        out += chosen
        if limit and len(out) >= limit:
            del out[limit:]
            passed = at + part.index(out[-1]) + 1
            return Page(out, revision, passed < total, total - passed, passed)
        yield
    return Page(out, revision, False, 0, total)


def _labelled(part: list[Item], labels: Any, verdicts: dict[int, bool]) -> list[Item]:
    """Those of `part` whose labels match. Items with equal labels mostly share one mapping, so its verdict is
    remembered by its identity for as long as the scan holds the items."""
    try:
        return [item for item in part if verdicts[id(item.labels)]]
    except KeyError:
        for item in part:
            if id(item.labels) not in verdicts:
                verdicts[id(item.labels)] = labels.matches(item.labels)
        return [item for item in part if verdicts[id(item.labels)]]


def at_once(steps: Steps) -> Page:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            page: Page = stop.value
            return page


async def by_turns(steps: Steps) -> Page:
    """Run `steps`, giving way to the event loop every two milliseconds."""
    until = time.perf_counter() + _TURN_SECONDS
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            page: Page = stop.value
            return page
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _TURN_SECONDS
