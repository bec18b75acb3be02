"""Objects of tens of thousands of fields do not hold up the loop: what works on them goes aside."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from pilothouse.apimachinery import aside as module
from tests.endpoints.support import API, APPLY, MAPS, MERGE, STRATEGIC, api, config_map, whole

DATA = {f"k{i}": "v" for i in range(3000)}
BODY = orjson.dumps(config_map("big", data=DATA))


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was done aside, in order."""
    found: list[str] = []
    real = module._thread()

    class Watched:
        def submit(self, run: Callable[[], Any]) -> Any:
            def seen() -> Any:
                assert threading.current_thread().name.startswith("aside")
                found.append(run.__closure__[1].cell_contents.__name__)  # type: ignore[index]
                return run()

            return real.submit(seen)

    monkeypatch.setattr(module, "_thread", Watched)
    return found


def served(test: Callable[[API], Awaitable[None]]) -> None:
    async def run() -> None:
        async with api() as made:
            await test(made)

    asyncio.run(run())


def test_writes_of_large_objects_are_worked_out_aside(threads: list[str]) -> None:
    async def test(made: API) -> None:
        async def write(method: str, path: str, body: bytes, code: int, *wanted: str, **more: str) -> None:
            threads.clear()
            response = await made.call(method, path, body, **more)
            assert response.status == code, await whole(response)
            assert {name for name in threads if name != "<lambda>"} >= set(wanted)

        await write("POST", MAPS, BODY, 201, "decode", "manage_fields", "before_create")
        changed = orjson.dumps(config_map("big", data={**DATA, "k1": "w"}))
        await write("PUT", f"{MAPS}/big", changed, 200, "decode", "manage_fields", "before_update")
        small = b'{"data":{"k2":"x"}}'
        await write("PATCH", f"{MAPS}/big", small, 200, "merge_patch", "before_update", content_type=MERGE)
        await write("PATCH", f"{MAPS}/big", small, 200, "strategic_merge_patch", content_type=STRATEGIC)
        await write(
            "PATCH", f"{MAPS}/big", changed, 200, "apply_patch", content_type=APPLY,
            query="fieldManager=a&force=true",
        )
        await write("DELETE", f"{MAPS}/big", orjson.dumps({"kind": "DeleteOptions", **DATA}), 200,
                    "decode_delete_options")

    served(test)


def test_refusals_come_out_of_there(threads: list[str]) -> None:
    async def test(made: API) -> None:
        body = orjson.dumps(config_map("big", data={**DATA, "/": "v"}))
        code, answer = await made.json("POST", MAPS, body)
        assert (code, answer["reason"]) == (422, "Invalid")
        code, answer = await made.json("POST", MAPS, BODY[:-1])
        assert (code, answer["reason"]) == (400, "BadRequest")
        assert threads

    served(test)


def test_long_selectors_are_read_aside(threads: list[str]) -> None:
    async def test(made: API) -> None:
        selector = ",".join(f"k{i}=v" for i in range(3000))
        code, answer = await made.json("GET", MAPS, query=f"labelSelector={selector}")
        assert (code, answer["items"]) == (200, [])
        assert threads == ["options_for"]

    served(test)


def test_usual_objects_stay_on_the_loop(threads: list[str]) -> None:
    async def test(made: API) -> None:
        assert (await made.call("POST", MAPS, config_map("a", data={"k": "v"}))).status == 201
        assert (await made.call("GET", MAPS, query="labelSelector=a%3Db")).status == 200
        assert threads == []

    served(test)
