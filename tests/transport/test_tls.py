"""TLS on real sockets: who gets in, and what the handler learns of him."""

import asyncio
import contextlib
import ssl
import time
from pathlib import Path

import pytest
import uvloop

from pilothouse.apimachinery.http import Request, Response
from pilothouse.observability.metrics import REGISTRY
from pilothouse.transport import certificates, pki
from pilothouse.transport.server import HTTPServer
from pilothouse.transport.tls import fit_for_http2, server_context


async def count_certificates(request: Request) -> Response:
    leaf = request.peer_certificates[0] if request.peer_certificates else b""
    return Response(200, b"%d " % len(request.peer_certificates) + leaf)


def ask(made: pki.PKI, client: ssl.SSLContext, **context: object) -> bytes:
    async def main() -> bytes:
        tls = server_context(
            made.serving.certificate, made.serving.key, client_authorities=[made.ca.certificate.read_bytes()],
            **context,  # type: ignore[arg-type]
        )
        server = HTTPServer(count_certificates, tls=tls)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=client, server_hostname="localhost"
            )
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return answer.partition(b"\r\n\r\n")[2]
        finally:
            await server.drain(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def refused(made: pki.PKI, client: ssl.SSLContext) -> bool:
    """In TLS 1.3 a client learns that its certificate was refused only after its own side of the handshake."""
    try:
        return ask(made, client) == b""
    except (ssl.SSLError, ConnectionError):
        return True


@pytest.fixture
def made(tmp_path: Path) -> pki.PKI:
    return pki.ensure(tmp_path / "pki", names=["localhost"], addresses=["127.0.0.1"])


def client_context(made: pki.PKI, pair: pki.Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(made.ca.certificate))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def test_without_a_certificate(made: pki.PKI) -> None:
    assert ask(made, client_context(made)) == b"0 "


def test_the_handler_sees_the_client_certificate(made: pki.PKI) -> None:
    der = ssl.PEM_cert_to_DER_cert(made.admin.certificate.read_text())
    body = ask(made, client_context(made, made.admin))
    assert body.partition(b" ")[2] == der


def test_a_certificate_of_another_authority_ends_the_handshake(made: pki.PKI, tmp_path: Path) -> None:
    other = pki.ensure(tmp_path / "other", names=["localhost"], addresses=[])
    assert refused(made, client_context(made, other.admin))


def test_old_tls_is_refused(made: pki.PKI) -> None:
    client = client_context(made)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert ask(made, client) == b"0 "
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(made, client, minimum_version="TLSv1_3")


def test_an_expired_certificate_does_not_get_in(made: pki.PKI, tmp_path: Path) -> None:
    ca = certificates.load_authority(made.ca.certificate.read_bytes(), made.ca.key.read_bytes())
    now = time.time()
    expired = pki.Pair(tmp_path / "c.crt", tmp_path / "c.key")
    pki.write_pair(expired, *certificates.client(ca, "old", [], now - 100, now - 10))
    assert refused(made, client_context(made, expired))


def test_draining_does_not_wait_for_the_goodbye_of_idle_clients(made: pki.PKI) -> None:
    async def main() -> float:
        tls = server_context(
            made.serving.certificate, made.serving.key, client_authorities=[made.ca.certificate.read_bytes()]
        )
        server = HTTPServer(count_certificates, tls=tls)
        await server.start()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=client_context(made), server_hostname="localhost"
        )
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n0 ")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await server.drain(60)
        seconds = loop.time() - begin
        writer.transport.abort()
        return seconds

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) < 10


def test_handshakes_that_fail_are_counted(made: pki.PKI, tmp_path: Path) -> None:
    def errors() -> int:
        lines = REGISTRY.render().decode().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("apiserver_tls_handshake_errors_total "))

    async def plain(data: bytes) -> None:
        tls = server_context(made.serving.certificate, made.serving.key, client_authorities=[])
        server = HTTPServer(count_certificates, tls=tls)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        if not data:
            writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await server.drain(0)

    before = errors()
    assert ask(made, client_context(made)) == b"0 "
    assert errors() == before
    for data in (b"GET / HTTP/1.1\r\n\r\n", b""):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(plain(data))
    assert errors() == before + 2
    other = pki.ensure(tmp_path / "other", names=["localhost"], addresses=[])
    assert refused(made, client_context(made, other.admin))
    assert errors() == before + 3


@pytest.mark.parametrize(("cipher", "fits"), [
    (("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128), True),
    (("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2", 128), True),
    (("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2", 256), True),
    (("ECDHE-RSA-AES256-SHA384", "TLSv1.2", 256), False),
    (("AES128-GCM-SHA256", "TLSv1.2", 128), False),
])
def test_ciphers_for_http2(cipher: tuple[str, str, int], fits: bool) -> None:
    class Handshake:
        def cipher(self) -> tuple[str, str, int]:
            return cipher

    assert fit_for_http2(Handshake()) is fits
