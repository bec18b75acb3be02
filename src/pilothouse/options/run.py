"""Complete, validate, run: from a command line to a server and back to an exit code.

Exit codes are kube-apiserver's: 0 after a shutdown in order, 1 for everything else. The first SIGTERM or SIGINT
starts the shutdown, a second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pilothouse import KUBERNETES_VERSION, __version__
from pilothouse.observability.logging import bridge_standard_logging, log
from pilothouse.options import flagset
from pilothouse.options.complete import complete
from pilothouse.options.options import Options
from pilothouse.options.tls import CIPHER_SUITES, TLS_VERSIONS
from pilothouse.options.validation import validate

if TYPE_CHECKING:
    import ssl

    from pilothouse.apimachinery.http import Handler
    from pilothouse.transport.pki import PKI
    from pilothouse.transport.server import HTTPServer

DRAIN_SECONDS = 10.0
"""What connections get to finish after the server itself has drained its requests."""


class Server(Protocol):
    """What `controlplane.server.build` makes."""

    handler: Handler

    def follow_client_authorities(self, trust: Callable[[bytes], None]) -> None:
        """Call `trust` with the PEM of authorities of clients that change while the server runs."""
        ...

    async def start(self) -> None:
        """Open the store, start hooks. Raises OSError or another error when the server cannot run."""
        ...

    async def shutdown(self, stop_listening: Callable[[], None] | None = None) -> None:
        """Turn /readyz red, call `stop_listening`, finish running requests, end watches, close the store."""
        ...


Build = Callable[[Options], Server]


def run(arguments: Sequence[str], program: str, build: Build | None = None) -> int:
    """Serve until told to stop. All errors of the flags are printed at once."""
    options = complete(Options.parse(arguments, program))
    errors = list(dict.fromkeys(validate(options)))
    if errors:
        text = errors[0] if len(errors) == 1 else "[" + ", ".join(errors) + "]"
        print(f"Error: {text}", file=sys.stderr)
        return 1
    log.configure(verbosity=options.logging.v, json=options.logging.logging_format == "json")
    bridge_standard_logging()
    _log_settings(options)
    if build is None:
        from pilothouse.controlplane.server import build as build_server

        build = build_server
    import uvloop

    from pilothouse.server.hooks import HookError

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(options, build))
    except (OSError, ValueError, HookError) as error:
        log.writer.flush()
        print(f"Error: {error}", file=sys.stderr)
        return 1
    finally:
        log.writer.flush()
    return 0


def _log_settings(options: Options) -> None:
    log.info(f"Version: {KUBERNETES_VERSION} (Pilothouse {__version__})")
    log.info("Python settings", version=platform.python_version(), implementation=sys.implementation.name,
             PYTHONOPTIMIZE=os.environ.get("PYTHONOPTIMIZE", ""), cpus=os.cpu_count() or 0)
    for name, value in sorted(options.values.items()):
        if name not in ("help", "version"):
            log.info(f'FLAG: --{name}="{flagset.shown(name, value)}"', level=0 if name in options.given else 1)


async def _serve(options: Options, build: Build) -> None:
    from pilothouse.server.collector import Collector
    from pilothouse.transport.server import HTTPServer
    from pilothouse.transport.tls import trust

    stop = _stop_on_signals()
    pki, authorities = _credentials(options)
    tls = _tls_context(options, pki)
    http = HTTPServer(
        host=options.serving.bind_address, port=options.serving.secure_port, tls=tls,
        reuse_port=options.serving.permit_port_sharing, http2_streams=options.serving.http2_streams,
    )
    try:
        await http.bind()
    except OSError as error:
        address = f"{options.serving.bind_address}:{options.serving.secure_port}"
        raise OSError(f"failed to create listener: failed to listen on {address}: {error.strerror or error}") from None
    # With --secure-port=0 the port is known only now.
    options = replace(options, serving=replace(options.serving, secure_port=http.port))
    try:
        server = build(options)
        server.follow_client_authorities(lambda pem: trust(tls, pem))
        await _start(server)
        await http.start(server.handler)
        Collector(asyncio.get_running_loop()).start()
        _tell(options, http, pki, authorities)
        await stop.wait()
        log.info("[graceful-termination] shutdown event", name="ShutdownInitiated")
        await server.shutdown(http.stop_listening)
    finally:
        await http.drain(DRAIN_SECONDS if stop.is_set() else 0)


async def _start(server: Server) -> None:
    try:
        await server.start()
    except BaseException:
        # What was opened is closed; only the first error is of interest.
        with contextlib.suppress(Exception):
            await server.shutdown()
        raise


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        if stop.is_set():
            log.warning("Received a second signal, ending at once")
            log.writer.flush(1.0)
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first)
    return stop


def _credentials(options: Options) -> tuple[PKI, bytes]:
    """Keys and certificates in their files, and the PEM of whom clients may trust for this server."""
    from concurrent.futures import ThreadPoolExecutor

    from pilothouse.transport import pki as material

    names, addresses = serving_names(options)
    directory = options.pki_directory
    directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ThreadPoolExecutor(1) as pool:
        # An RSA key takes longer than all certificates together.
        keys = pool.submit(material.ensure_service_account_key, material.PKI(directory, directory))
        pki = material.ensure(
            directory, names=names, addresses=addresses, serving_directory=Path(options.serving.cert_dir),
        )
        keys.result()
    authorities = pki.ca.certificate.read_bytes()
    if options.serving.tls_cert_file:
        authorities += Path(options.serving.tls_cert_file).read_bytes()
    return pki, authorities


def serving_names(options: Options) -> tuple[list[str], list[str]]:
    """(DNS names, IP addresses) under which clients in and out of the cluster reach the server."""
    import ipaddress

    host = platform.node().lower()
    names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
             "kubernetes.default.svc.cluster.local"]
    for name in (host, options.generic.external_hostname):
        if name and name.isascii() and " " not in name:
            names.append(name)
    addresses = ["127.0.0.1", "::1", options.generic.advertise_address]
    addresses += [str(ipaddress.ip_network(cidr, strict=False)[1])
                  for cidr in options.control_plane.service_cluster_ip_ranges]
    if options.serving.bind_address not in ("0.0.0.0", "::"):  # noqa: S104
        addresses.append(options.serving.bind_address)
    return list(dict.fromkeys(names)), list(dict.fromkeys(addresses))


def _tls_context(options: Options, pki: PKI) -> ssl.SSLContext:
    from pilothouse.transport.tls import server_context

    serving = options.serving
    ciphers = dict.fromkeys(CIPHER_SUITES[suite] for suite in serving.tls_cipher_suites)
    return server_context(
        Path(serving.tls_cert_file) if serving.tls_cert_file else pki.serving.certificate,
        Path(serving.tls_private_key_file) if serving.tls_private_key_file else pki.serving.key,
        client_authorities=[
            path.read_bytes()
            for path in (*options.client_ca_files, Path(options.authentication.requestheader_client_ca_file))
        ],
        minimum_version=TLS_VERSIONS[serving.tls_min_version],
        ciphers=[name for name in ciphers if name],
        http2=serving.http2_streams > 0,
    )


def _tell(options: Options, http: HTTPServer, pki: PKI, authorities: bytes) -> None:
    """Write the kubeconfig and say how to use it."""
    from pilothouse.transport import kubeconfig

    bound = options.serving.bind_address
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bound, f"[{bound}]" if ":" in bound else bound)  # noqa: S104
    url = f"https://{host}:{http.port}"
    path = Path(options.serving.kubeconfig_out).absolute()
    kubeconfig.write(path, url=url, authorities=authorities, client=pki.admin)
    log.info("Serving securely", address=f"{bound}:{http.port}")
    if not log.json:
        log.text(f"\n  Pilothouse serves Kubernetes {KUBERNETES_VERSION} at {url}\n"
                 f"  To use it:\n\n      export KUBECONFIG={path}\n\n")
