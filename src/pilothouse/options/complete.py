"""Fills in what the command line leaves open (upstream: ServerRunOptions.Complete)."""

import os
import socket
from dataclasses import replace
from pathlib import Path

from pilothouse.options.authentication import AuthenticationOptions
from pilothouse.options.options import AggregatorOptions, AuthorizationOptions, Options

_UNSPECIFIED = ("", "0.0.0.0", "::")  # noqa: S104


def complete(options: Options) -> Options:
    """The same options with data directory, advertised address, audiences and key files decided."""
    data_dir = str(Path(options.storage.data_dir).expanduser()) if options.storage.data_dir else default_data_dir()
    serving = options.serving
    cert_dir = serving.cert_dir if "cert-dir" in options.given else str(Path(data_dir) / "pki")
    accounts = options.service_accounts
    return replace(
        options,
        generic=replace(
            options.generic,
            advertise_address=options.generic.advertise_address or advertised(serving.bind_address),
        ),
        storage=replace(options.storage, data_dir=data_dir),
        serving=replace(
            serving, cert_dir=cert_dir,
            kubeconfig_out=serving.kubeconfig_out or str(Path(data_dir) / "admin.kubeconfig"),
        ),
        service_accounts=replace(
            accounts,
            service_account_signing_key_file=accounts.service_account_signing_key_file or f"{data_dir}/pki/sa.key",
            service_account_key_file=accounts.service_account_key_file or (
                (accounts.service_account_signing_key_file,) if accounts.service_account_signing_key_file
                else (f"{data_dir}/pki/sa.pub",)
            ),
        ),
        authentication=replace(
            _front_proxy(options.authentication, data_dir),
            api_audiences=options.authentication.api_audiences or accounts.service_account_issuer,
            # who may do everything should say who he is (upstream: ApplyAuthorization)
            anonymous_auth=(
                options.authentication.anonymous_auth
                and "AlwaysAllow" not in options.authorization.authorization_mode
            ),
        ),
        authorization=_modes(options.authorization),
        aggregator=_proxy_client(options, data_dir),
    )


def _modes(given: AuthorizationOptions) -> AuthorizationOptions:
    """None beside a file that names the authorizers."""
    return replace(given, authorization_mode=()) if given.authorization_config else given


def _front_proxy(given: AuthenticationOptions, data_dir: str) -> AuthenticationOptions:
    """With our own authority for front proxies and the usual headers, unless others are given."""
    if given.requestheader_client_ca_file:
        return given
    return replace(
        given,
        requestheader_client_ca_file=f"{data_dir}/pki/front-proxy-ca.crt",
        requestheader_allowed_names=given.requestheader_allowed_names or ("front-proxy-client",),
        requestheader_username_headers=given.requestheader_username_headers or ("X-Remote-User",),
        requestheader_uid_headers=given.requestheader_uid_headers or ("X-Remote-Uid",),
        requestheader_group_headers=given.requestheader_group_headers or ("X-Remote-Group",),
        requestheader_extra_headers_prefix=given.requestheader_extra_headers_prefix or ("X-Remote-Extra-",),
    )


def _proxy_client(options: Options, data_dir: str) -> AggregatorOptions:
    """With our own client certificate, if extension servers are told of its authority."""
    given = options.aggregator
    if (
        given.proxy_client_cert_file or given.proxy_client_key_file
        or options.authentication.requestheader_client_ca_file
    ):
        return given
    pair = f"{data_dir}/pki/front-proxy-client"
    return replace(given, proxy_client_cert_file=f"{pair}.crt", proxy_client_key_file=f"{pair}.key")


def default_data_dir() -> str:
    """$XDG_DATA_HOME/pilothouse, by default ~/.local/share/pilothouse."""
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
    return str(base / "pilothouse")


def advertised(bind_address: str) -> str:
    """The address to advertise: the bound one, or that of the host's default interface if that is open or loopback.

    Endpoints may not hold loopback addresses, hence the detour (upstream: SecureServingOptions.DefaultExternalAddress).
    On a host without any route it is the bound address, where upstream refuses to start.
    """
    if bind_address not in _UNSPECIFIED and not _is_loopback(bind_address):
        return bind_address
    six = ":" in bind_address
    probe = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    with probe:
        try:
            # Connecting a datagram socket sends nothing; it only asks the routing table.
            probe.connect(("2001:db8::1" if six else "192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return ("::1" if six else "127.0.0.1") if bind_address in _UNSPECIFIED else bind_address


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
