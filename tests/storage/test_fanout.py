import asyncio

from pilothouse.storage.interface import Predicate
from tests.storage.support import PREFIX, Equals, key, obj, running


def test_an_event_reaches_the_scopes_its_key_is_in_and_no_other() -> None:
    async def run() -> None:
        async with running() as (storage, cacher):
            predicates = {
                "all": Predicate(PREFIX),
                "namespace": Predicate(PREFIX + "ns/"),
                "other namespace": Predicate(PREFIX + "n/"),
                "object": Predicate(key("a"), single=True),
                "other object": Predicate(key("aa"), single=True),
                "selected": Predicate(PREFIX + "ns/", labels=Equals("l", "1")),
            }
            watches = {name: cacher.watch(p, revision=storage.revision) for name, p in predicates.items()}
            waiting = [asyncio.ensure_future(watch.batch()) for watch in watches.values()]
            await asyncio.sleep(0)
            await cacher.create(key("a"), obj("a", labels={"l": "1"}))
            await asyncio.sleep(0)
            reached = {name for name, task in zip(watches, waiting, strict=True) if task.done()}
            assert reached == {"all", "namespace", "object", "selected"}
            for watch in watches.values():
                watch.close()
            await asyncio.gather(*waiting)
            await cacher.create(key("b"), obj("b"))
            assert all(not watch.buffer for watch in watches.values())

    asyncio.run(run())
