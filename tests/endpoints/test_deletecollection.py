"""DELETE of a collection."""

from tests.endpoints.support import API, MAPS, config_map, run


async def fill(api: API) -> None:
    for name, group in (("a", "x"), ("b", "y"), ("c", "y")):
        await api.call("POST", MAPS, config_map(name, metadata={"name": name, "labels": {"g": group}}))


def test_deletes_and_shows_what_it_selects() -> None:
    async def test(api: API) -> None:
        await fill(api)
        code, shown = await api.json("DELETE", MAPS, query="labelSelector=g%3Dy&dryRun=All")
        assert (code, shown["kind"]) == (200, "ConfigMapList")
        assert [i["metadata"]["name"] for i in shown["items"]] == ["b", "c"]
        code, shown = await api.json("DELETE", MAPS, query="labelSelector=g%3Dy")
        assert len(shown["items"]) == 2
        _, left = await api.json("GET", MAPS)
        assert [i["metadata"]["name"] for i in left["items"]] == ["a"]

    run(test)


def test_goes_page_by_page() -> None:
    async def test(api: API) -> None:
        await fill(api)
        _, shown = await api.json("DELETE", MAPS, query="limit=2")
        assert shown["metadata"]["remainingItemCount"] == 1
        _, left = await api.json("GET", MAPS)
        assert [i["metadata"]["name"] for i in left["items"]] == ["c"]

    run(test)


def test_is_not_served_over_all_namespaces() -> None:
    async def test(api: API) -> None:
        assert (await api.call("DELETE", "/api/v1/configmaps")).status == 405
        assert (await api.call("DELETE", "/api/v1/namespaces")).status == 405

    run(test)
