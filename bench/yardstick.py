"""The yardstick: the least that the HTTP server we stand on can do for an answer of a kilobyte over TLS."""

import contextlib
import datetime
import ipaddress
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.wrk import Load, cpu_seconds, wrk
from pilothouse.testing.server import free_port

BODY = b'{"kind":"ConfigMap","apiVersion":"v1","data":{"settings.yaml":"' + b"x" * 930 + b'"}}'


async def app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


class Yardstick:
    """The bare server, in a process of its own."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.url = ""
        self._pid = 0

    def __enter__(self) -> "Yardstick":
        directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        certificate, key = _certificate(directory)
        port = free_port()
        process = subprocess.Popen([
            sys.executable, "-m", "uvicorn", "bench.yardstick:app", "--app-dir", str(Path(__file__).parent.parent),
            "--port", str(port), "--http", "httptools", "--loop", "uvloop", "--lifespan", "off", "--no-access-log",
            "--log-level", "error", "--ssl-certfile", str(certificate), "--ssl-keyfile", str(key),
        ])
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self.url = f"https://127.0.0.1:{port}/"
        self._pid = process.pid
        _wait(port, process)
        return self

    def load(self, connections: int, seconds: int) -> Load:
        before = cpu_seconds(self._pid)
        load = wrk(self.url, connections, seconds)
        return replace(load, cpu_microseconds=(cpu_seconds(self._pid) - before) / load.requests * 1e6)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError("the yardstick does not start")


def _certificate(directory: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "tls.crt", directory / "tls.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].touch(mode=0o600)
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    ))
    return paths
