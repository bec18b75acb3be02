"""What all sections share: the server under test, objects to read, and measuring next to the yardstick."""

import asyncio
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from bench.report import Result
from bench.wrk import Load, WrkFailed, cpu_seconds, wrk
from bench.yardstick import Yardstick
from pilothouse.testing.server import StartError, TestServer

TOKEN = "bench-token"
#: A ConfigMap of about a kilobyte, as people have them.
PAYLOAD = {"settings.yaml": "threads: 8\nlevel: info\n" + "# a line of a configuration\n" * 16}


#: One measurement, given the round.
Loader = Callable[[int], Load]


class Failed(Exception):
    """A measurement that cannot be trusted: an error answer, or no server."""


class Setting:
    def __init__(self, yardstick: Yardstick, seconds: int, rounds: int, only: str, flags: Sequence[str]) -> None:
        self.yardstick = yardstick
        self.seconds = seconds
        self.rounds = rounds
        self.only = only.lower()
        self.flags = list(flags)

    def wanted(self, name: str) -> bool:
        return self.only in name.lower()

    def server(self, *flags: str) -> "Server":
        """`flags` besides those that were asked for."""
        return Server([*flags, *self.flags])

    def measure(
        self, name: str, connections: int, load: Loader, *, unit: str = "requests/s",
        note: Callable[[Load], str] | None = None,
    ) -> Result:
        """Yardstick and `load` (given the round) by turns; the median of each."""
        try:
            bare, loads = self._by_turns(connections, load)
        except (WrkFailed, Failed) as error:
            return Result(name, error=str(error))
        yardstick = statistics.median(load.rate for load in bare)
        middle = sorted(loads, key=lambda load: load.rate)[len(loads) // 2]
        text = note(middle) if note is not None else (
            f"{middle.cpu_microseconds:.0f} µs CPU, p50 {middle.p50_ms:.2f} ms, p99 {middle.p99_ms:.2f} ms"
        )
        return Result(name, middle.rate, unit, yardstick, middle.rate / yardstick, text)

    def measure_cpu(self, name: str, connections: int, load: Loader) -> Result:
        """User and system time of the server for each request, and of the yardstick for its answer: the median of all
        rounds, with the least and the most."""
        try:
            bare, loads = self._by_turns(connections, load)
        except (WrkFailed, Failed) as error:
            return Result(name, error=str(error))
        yardstick = statistics.median(load.cpu_microseconds for load in bare)
        found = [load.cpu_microseconds for load in loads]
        middle = statistics.median(found)
        return Result(name, middle, "µs", yardstick, middle / yardstick, f"{min(found):.0f} to {max(found):.0f}")

    def _by_turns(self, connections: int, load: Loader) -> tuple[list[Load], list[Load]]:
        """Of the yardstick and of the server. Raises WrkFailed and Failed."""
        bare: list[Load] = []
        loads: list[Load] = []
        for turn in range(self.rounds):
            bare.append(self.yardstick.load(connections, self.seconds))
            loads.append(load(turn))
        return bare, loads


class Server:
    """A server with a fresh store, and a client that fills it."""

    def __init__(self, flags: Sequence[str]) -> None:
        token = f"{TOKEN},bench,bench-uid,system:masters"
        self._server = TestServer(["--authorization-mode=RBAC", *flags], tokens=[token])
        self.headers = {"Authorization": f"Bearer {TOKEN}"}

    def __enter__(self) -> "Server":
        try:
            self._server.start()
        except StartError as error:
            raise Failed(f"the server does not start: {str(error).strip().splitlines()[-1]}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.port

    def resident_megabytes(self) -> float:
        with open(f"/proc/{self._server.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6

    def load(self, path: str, connections: int, seconds: int, script: str = "get", *arguments: str) -> Load:
        pid = self._server.process.pid
        before = cpu_seconds(pid)
        load = wrk(self.url + path, connections, seconds, script=script, headers=self.headers, arguments=arguments)
        return replace(load, cpu_microseconds=(cpu_seconds(pid) - before) / load.requests * 1e6)

    def make(self, namespace: str, objects: Sequence[dict[str, Any]]) -> None:
        """Create the namespace and ConfigMaps in it. Raises Failed at the first answer that is not 201."""
        asyncio.run(self._make(namespace, objects))

    def create(self, path: str, obj: dict[str, Any]) -> None:
        """Raises Failed for an answer that is not 201."""

        async def post() -> None:
            async with self._session() as session:
                await self._create(session, path, obj)

        asyncio.run(post())

    def read(self, path: str) -> Any:
        async def get() -> Any:
            async with self._session() as session, session.get(self.url + path) as answer:
                return await answer.json()

        return asyncio.run(get())

    def _session(self) -> aiohttp.ClientSession:
        headers = self.headers | {"Content-Type": "application/json"}
        return aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=32, ssl=False))

    async def _make(self, namespace: str, objects: Sequence[dict[str, Any]]) -> None:
        waiting = iter(objects)
        async with self._session() as session:
            await self._create(session, "/api/v1/namespaces", {"metadata": {"name": namespace}})

            async def worker() -> None:
                for obj in waiting:
                    await self._create(session, f"/api/v1/namespaces/{namespace}/configmaps", obj)

            async with asyncio.TaskGroup() as group:
                for _ in range(32):
                    group.create_task(worker())

    async def _create(self, session: aiohttp.ClientSession, path: str, obj: dict[str, Any]) -> None:
        async with session.post(self.url + path, data=json.dumps(obj)) as answer:
            if answer.status != 201:
                raise Failed(f"POST {path}: {answer.status} {(await answer.text())[:300]}")


def config_map(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": PAYLOAD}
