"""HTTP/2 where it is asked for: real clients, watches on one connection, GOAWAY, and a million requests."""

import asyncio
import json
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import Kubectl, tool
from tests.transport.http2.support import Client

_ON = "--disable-http2-serving=false"
_MILLION = 1_000_000


@pytest.fixture(scope="module")
def http2_server() -> Iterator[TestServer]:
    with TestServer([_ON, "--http2-max-streams-per-connection=250"]) as server:
        yield server


def context(server: TestServer) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(server.ca_file))
    made.set_alpn_protocols(["h2"])
    return made


def talk(server: TestServer, test: Callable[[Client, dict[str, str]], Awaitable[None]]) -> None:
    """Run `test(client, headers)`: a connection, and what to say on it to be known."""

    async def main() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context(server))
        client = Client(reader, writer, 1 << 20)
        try:
            await test(client, {"authorization": f"Bearer {server.token}"})
        finally:
            await client.close()

    asyncio.run(main())


def resident(server: TestServer) -> int:
    """KiB of memory that the server holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def test_kubectl_speaks_it(http2_server: TestServer, tmp_path: Path) -> None:
    kubectl = Kubectl(http2_server, "default", tmp_path)
    kubectl("create", "configmap", "spoken", "--from-literal=a=b")
    watch = kubectl.start("get", "configmap", "spoken", "--watch", "--output-watch-events", "-o", "name")
    try:
        assert watch.stdout is not None
        assert "spoken" in watch.stdout.readline()
        kubectl("delete", "configmap", "spoken")
        assert "spoken" in watch.stdout.readline()
    finally:
        watch.kill()
        watch.communicate()
    shown = kubectl.run("get", "--raw", "/version", "-v=9").stderr
    assert "HTTP/2.0 200 OK" in shown or 'status="200 OK"' in shown


def test_curl_speaks_it(http2_server: TestServer) -> None:
    done = subprocess.run(
        [tool("curl"), "--silent", "--http2", "--cacert", str(http2_server.ca_file), "--write-out", "%{http_version}",
         "--output", "/dev/null", "--header", f"Authorization: Bearer {http2_server.token}", f"{http2_server.url}/api"],
        capture_output=True, text=True, timeout=60, check=True,
    )
    assert done.stdout == "2"


def test_many_watches_on_one_connection(http2_server: TestServer, tmp_path: Path) -> None:
    async def test(client: Client, headers: dict[str, str]) -> None:
        watches = [client.ask("/api/v1/namespaces/default/configmaps?watch=1", **headers) for _ in range(150)]
        await client.until(lambda: all(client.answers[stream].status == 200 for stream in watches))
        body = b'{"metadata":{"name":"seen"}}'
        create = client.ask("/api/v1/namespaces/default/configmaps", "POST", body=True,
                            content_type="application/json", **headers)
        client.h2.send_data(create, body, end_stream=True)
        assert (await client.answer(create)).status == 201
        await client.until(lambda: all(b'"name":"seen"' in client.answers[stream].body for stream in watches))
        for stream in watches[::2]:
            client.h2.reset_stream(stream)
        gone = await client.get("/api/v1/namespaces/default/configmaps/seen", "DELETE", **headers)
        assert gone.status == 200
        await client.until(lambda: all(b'"DELETED"' in client.answers[stream].body for stream in watches[1::2]))

    talk(http2_server, test)


def test_watches_end_with_their_timeout(http2_server: TestServer) -> None:
    async def test(client: Client, headers: dict[str, str]) -> None:
        answer = await client.get("/api/v1/nodes?watch=1&timeoutSeconds=1", **headers)
        assert (answer.status, answer.ended, answer.reset) == (200, True, None)

    talk(http2_server, test)


def test_who_is_not_known_gets_one_request_a_connection(http2_server: TestServer) -> None:
    def asks(known: dict[str, str], code: int) -> Callable[[Client, dict[str, str]], Awaitable[None]]:
        async def test(client: Client, _: dict[str, str]) -> None:
            answer = await client.get("/api/v1/nodes", **known)
            assert (answer.status, json.loads(answer.body)["code"]) == (code, code)
            assert b"connection" not in answer.headers
            await client.until(lambda: client.goaway is not None)
            assert client.goaway is not None and client.goaway.last_stream_id == 1
            await client.end()

        return test

    talk(http2_server, asks({"authorization": "Bearer nobody's"}, 401))
    talk(http2_server, asks({}, 403))


def test_goaway_by_chance() -> None:
    with TestServer([_ON, "--goaway-chance=0.02", "--storage-backend=memory"]) as server:
        async def test(client: Client, headers: dict[str, str]) -> None:
            watch = client.ask("/api/v1/nodes?watch=1&timeoutSeconds=2", **headers)
            while client.goaway is None:
                asked = client.ask("/api", **headers)
                await client.until(lambda asked=asked: client.answers[asked].ended or client.goaway is not None)
            assert (await client.answer(watch)).ended
            await client.end()

        talk(server, test)


@pytest.mark.parametrize("flag", ["--disable-http2-serving", "--disable-http2-serving=true"])
def test_it_can_be_off(flag: str) -> None:
    with (
        TestServer([flag, "--storage-backend=memory"]) as server,
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        context(server).wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        assert connection.selected_alpn_protocol() is None


@pytest.mark.slow
def test_a_million_requests_on_one_connection(tmp_path: Path) -> None:
    with TestServer([_ON, "--storage-backend=memory"]) as server:
        Kubectl(server, "default", tmp_path)("create", "configmap", "asked", "--from-literal=a=b")
        held: list[int] = []

        async def test(client: Client, headers: dict[str, str]) -> None:
            client.h2.increment_flow_control_window(1 << 24)
            done = 0
            while done < _MILLION:
                streams = [client.ask("/api/v1/namespaces/default/configmaps/asked", **headers) for _ in range(100)]
                for stream in streams:
                    answer = await client.answer(stream)
                    assert (answer.status, answer.ended) == (200, True)
                    assert b'"name":"asked"' in answer.body
                    del client.answers[stream]
                done += len(streams)
                if done % 50_000 == 0:
                    held.append(resident(server))

        talk(server, test)
    print(f"resident, every 50,000 requests: {held} KiB")
    warm, last = held[1], held[-1]
    assert last - warm < 8 * 1024, f"memory grew: {held} KiB"
