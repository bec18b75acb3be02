import asyncio

from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.index import index_for
from pilothouse.registry.lister import CachedLister
from pilothouse.storage.interface import Observer
from pilothouse.storage.memory import MemoryBackend
from pilothouse.storage.storage import Storage
from tests.registry.support import config_maps

CONFIG_MAPS = GroupResource("", "configmaps")


def test_lister_follows_the_store() -> None:
    async def main() -> None:
        storage = Storage(MemoryBackend())
        await storage.start()
        cacher = storage.cacher("/registry/configmaps/", index_for(config_maps()))

        def observe(resource: GroupResource, observer: Observer) -> None:
            if resource != CONFIG_MAPS:
                raise KeyError(resource)
            storage.observe("/registry/configmaps/", observer)

        async def put(namespace: str, name: str) -> None:
            await cacher.create(
                f"/registry/configmaps/{namespace}/{name}", {"metadata": {"name": name, "namespace": namespace}}
            )

        await put("b", "x")
        lister = CachedLister(observe)
        await put("a", "z")
        await put("a", "y")
        assert [o["metadata"]["name"] for o in lister.list(CONFIG_MAPS)] == ["y", "z", "x"]
        assert [o["metadata"]["name"] for o in lister.list(CONFIG_MAPS, "a")] == ["y", "z"]
        assert lister.get(CONFIG_MAPS, "a", "y") is lister.get(CONFIG_MAPS, "a", "y")
        item = cacher.newest("/registry/configmaps/a/y")
        assert item is not None
        await cacher.delete(item.key, item)
        assert lister.get(CONFIG_MAPS, "a", "y") is None
        assert [o["metadata"]["name"] for o in lister.list(CONFIG_MAPS, "a")] == ["z"]
        assert lister.list(CONFIG_MAPS, "none") == ()
        assert lister.get(GroupResource("", "nosuch"), "a", "y") is None
        assert lister.list(GroupResource("", "nosuch")) == ()
        await storage.close()

    asyncio.run(main())
