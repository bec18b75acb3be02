"""Checks completed options and reports everything that is wrong at once (upstream: CompletedOptions.Validate)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pilothouse.authorization.factory import MODES
from pilothouse.authorization.webhook import VERSIONS
from pilothouse.options import audit, authentication
from pilothouse.options.options import Options
from pilothouse.options.tls import CIPHER_SUITES, TLS_VERSIONS
from pilothouse.options.values import quoted

BACKENDS = ("sqlite", "memory")
_CORS_HELP = (
    "List of allowed origins for CORS, comma separated. An allowed origin can be a regular expression to support "
    "subdomain matching. If this list is empty CORS will not be enabled. Please ensure each expression matches the "
    "entire hostname by anchoring to the start with '^' or including the '//' prefix, and by anchoring to the end "
    "with '$' or including the ':' port separator suffix. Examples of valid expressions are "
    "'//example.com(:|$)' and '^https://example.com(:|$)'"
)


def validate(options: Options) -> list[str]:
    """All errors, in upstream's order of concerns; upstream's wording where it has one."""
    errors = list(options.parse_errors)
    for check in _CHECKS:
        errors.extend(check(options))
    return errors


def _generic(options: Options) -> Iterator[str]:
    generic = options.generic
    if generic.livez_grace_period < 0:
        yield "--livez-grace-period can not be a negative value"
    if generic.max_requests_inflight < 0:
        yield "--max-requests-inflight can not be negative value"
    if generic.max_mutating_requests_inflight < 0:
        yield "--max-mutating-requests-inflight can not be negative value"
    total = generic.max_requests_inflight + generic.max_mutating_requests_inflight
    if options.features.enable_priority_and_fairness and total <= 0:
        yield (
            f"invalid configuration: MaxRequestsInFlight={generic.max_requests_inflight} and "
            f"MaxMutatingRequestsInFlight={generic.max_mutating_requests_inflight}; they must add up to something "
            "positive"
        )
    if generic.request_timeout < 0:
        yield "--request-timeout can not be negative value"
    if not 0 <= generic.goaway_chance <= 0.02:
        yield "--goaway-chance can not be less than 0 or greater than 0.02"
    if generic.min_request_timeout < 0:
        yield "--min-request-timeout can not be negative value"
    if generic.shutdown_delay_duration < 0:
        yield "--shutdown-delay-duration can not be negative value"
    yield from _hsts(options)
    yield from _cors(options)


def _hsts(options: Options) -> Iterator[str]:
    for directive in options.generic.strict_transport_security_directives:
        if not directive.strip():
            yield "empty value in strict-transport-security-directives"
        elif directive not in ("includeSubDomains", "preload"):
            parts = directive.split("=")
            if len(parts) != 2 or parts[0] != "max-age":
                yield (
                    "--strict-transport-security-directives invalid, allowed values: max-age=expireTime, "
                    "includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more "
                    "information"
                )


def _cors(options: Options) -> Iterator[str]:
    for expression in options.generic.cors_allowed_origins:
        if not expression:
            yield f"empty value in --cors-allowed-origins, help: {_CORS_HELP}"
            continue
        problem = _regular_expression_problem(expression)
        if not problem and not (("^" in expression or "//" in expression) and ("$" in expression or ":" in expression)):
            problem = "regular expression does not pin to start/end of host in the origin header"
        if problem:
            yield f"--cors-allowed-origins has an invalid regular expression: {problem}, help: {_CORS_HELP}"


def _regular_expression_problem(expression: str) -> str:
    import re2

    quiet = re2.Options()
    quiet.log_errors = False
    try:
        re2.compile(expression, quiet)
    except re2.error as error:
        text = error.args[0]
        return f"error parsing regexp: {text.decode() if isinstance(text, bytes) else text}"
    return ""


def _storage(options: Options) -> Iterator[str]:
    storage = options.storage
    if storage.storage_backend not in BACKENDS:
        yield f"--storage-backend {quoted(storage.storage_backend)} invalid, allowed values: {', '.join(BACKENDS)}"
    if storage.etcd_compaction_interval < 0:
        yield "--etcd-compaction-interval can not be negative value"


def _http2(options: Options) -> Iterator[str]:
    serving = options.serving
    if not serving.http2_streams:
        return
    if find_spec("ngh2") is None:
        yield "--disable-http2-serving=false needs what pip install 'pilothouse[http2]' brings"
    if serving.tls_cipher_suites and TLS_VERSIONS.get(serving.tls_min_version) != "TLSv1_3" and not any(
        re.fullmatch("TLS_ECDHE_(RSA|ECDSA)_WITH_AES_128_GCM_SHA256", suite) for suite in serving.tls_cipher_suites
    ):
        yield ("error configuring http2: http2: TLSConfig.CipherSuites is missing an HTTP/2-required "
               "AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or "
               "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)")


def _serving(options: Options) -> Iterator[str]:
    serving = options.serving
    if not 0 <= serving.secure_port <= 65535:
        yield (f"--secure-port {serving.secure_port} must be between 1 and 65535, inclusive. "
               "It cannot be turned off with 0")
    if bool(serving.tls_cert_file) != bool(serving.tls_private_key_file):
        yield "--tls-cert-file and --tls-private-key-file must be specified together"
    if serving.tls_min_version not in TLS_VERSIONS:
        yield f"unknown tls version {quoted(serving.tls_min_version)}"
    for suite in serving.tls_cipher_suites:
        if suite not in CIPHER_SUITES:
            yield f"Cipher suite {suite} not supported or doesn't exist"
    yield from _http2(options)
    for flag, path in (
        ("tls-cert-file", serving.tls_cert_file),
        ("tls-private-key-file", serving.tls_private_key_file),
        ("client-ca-file", options.authentication.client_ca_file),
        ("requestheader-client-ca-file", options.authentication.requestheader_client_ca_file),
        ("proxy-client-cert-file", options.aggregator.proxy_client_cert_file),
        ("proxy-client-key-file", options.aggregator.proxy_client_key_file),
        ("token-auth-file", options.authentication.token_auth_file),
        ("service-account-signing-key-file", options.service_accounts.service_account_signing_key_file),
        ("kubelet-certificate-authority", options.kubelet.kubelet_certificate_authority),
        ("kubelet-client-certificate", options.kubelet.kubelet_client_certificate),
        ("kubelet-client-key", options.kubelet.kubelet_client_key),
        *(("service-account-key-file", path) for path in options.service_accounts.service_account_key_file),
    ):
        # A completed path that was not given is made at start.
        if flag in options.given and path and not os.access(path, os.R_OK):
            reason = "permission denied" if os.path.exists(path) else "no such file or directory"
            yield f"--{flag}: open {path}: {reason}"


def _service_accounts(options: Options) -> Iterator[str]:
    accounts = options.service_accounts
    seen: set[str] = set()
    for issuer in accounts.service_account_issuer:
        if ":" in issuer and not _is_url(issuer):
            yield f"service-account-issuer {quoted(issuer)} contained a ':' but was not a valid URL"
        if not issuer:
            yield "service-account-issuer should not be an empty string"
        if issuer in seen:
            yield f"service-account-issuer {quoted(issuer)} is already specified"
        seen.add(issuer)
    uri = accounts.service_account_jwks_uri
    if uri and not _is_url(uri):
        yield f"service-account-jwks-uri must be a valid URL: parse {quoted(uri)}: invalid URI for request"
    elif uri and not uri.startswith("https://"):
        yield f"service-account-jwks-uri requires https scheme, parsed as: {uri}"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and not any(c.isspace() for c in text)


def _request_header(options: Options) -> Iterator[str]:
    given = options.authentication
    for flag, values in (
        ("requestheader-username-headers", given.requestheader_username_headers),
        ("requestheader-group-headers", given.requestheader_group_headers),
        ("requestheader-extra-headers-prefix", given.requestheader_extra_headers_prefix),
        ("requestheader-allowed-names", given.requestheader_allowed_names),
        ("requestheader-uid-headers", given.requestheader_uid_headers),
    ):
        if not all(value.strip() for value in values):
            yield f"empty value in {quoted(flag)}"
    uids = given.requestheader_uid_headers
    if uids and "x-remote-uid" not in (name.lower() for name in uids):
        yield ("--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - "
               "API aggregation will not work")
    client_ca, proxy_ca = given.client_ca_file, given.requestheader_client_ca_file
    if client_ca and not given.requestheader_allowed_names and _certificates(client_ca) & _certificates(proxy_ca):
        yield ("--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; "
               "--requestheader-allowed-names must be specified to ensure regular client certificates cannot set "
               "authenticating proxy headers for arbitrary users")


def _certificates(path: str) -> set[str]:
    """The certificates of a PEM bundle, as text without blanks; none for a file that cannot be read."""
    try:
        text = Path(path).read_text("ascii", "replace")
    except OSError:
        return set()
    blocks = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL)
    return {"".join(block.split()) for block in blocks}


def _aggregator(options: Options) -> Iterator[str]:
    given = options.aggregator
    if bool(given.proxy_client_cert_file) != bool(given.proxy_client_key_file):
        yield "--proxy-client-cert-file and --proxy-client-key-file must be specified together"


def _authorization(options: Options) -> Iterator[str]:
    if options.authorization.authorization_config:
        yield from _authorization_config(options)
    else:
        yield from _authorization_flags(options)


def _authorization_config(options: Options) -> Iterator[str]:
    if any(flag in options.given for flag in _LEGACY_AUTHORIZATION):
        yield (
            "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags "
            "are defined"
        )
        return
    from pilothouse.authorization.configvalidation import load_file

    try:
        load_file(options.authorization.authorization_config)
    except ValueError as e:
        yield str(e)


_LEGACY_AUTHORIZATION = (
    "authorization-mode", "authorization-webhook-config-file", "authorization-webhook-version",
    "authorization-webhook-cache-authorized-ttl", "authorization-webhook-cache-unauthorized-ttl",
)


def _authorization_flags(options: Options) -> Iterator[str]:
    modes = options.authorization.authorization_mode
    policy, webhook = (
        options.authorization.authorization_policy_file, options.authorization.authorization_webhook_config_file
    )
    if not modes:
        yield "at least one authorization-mode must be passed"
    for mode in modes:
        if mode not in MODES:
            yield f"authorization-mode {quoted(mode)} is not a valid mode"
        if mode == "ABAC" and not policy:
            yield "authorization-mode ABAC's authorization policy file not passed"
        if mode == "Webhook" and not webhook:
            yield "authorization-mode Webhook's authorization config file not passed"
    if policy and "ABAC" not in modes:
        yield "cannot specify --authorization-policy-file without mode ABAC"
    if webhook and "Webhook" not in modes:
        yield "cannot specify --authorization-webhook-config-file without mode Webhook"
    version = options.authorization.authorization_webhook_version
    if webhook and version not in VERSIONS:
        yield f'unsupported webhook authorizer version {quoted(version)}, supported versions are "v1", "v1beta1"'
    if len(set(modes)) != len(modes):
        listed = " ".join(quoted(mode) for mode in modes)
        yield f"authorization-mode [{listed}] has mode specified more than once"


def _api(options: Options) -> Iterator[str]:
    from pilothouse.controlplane.served import errors

    yield from errors(options.api.runtime_config)


def _logging(options: Options) -> Iterator[str]:
    if options.logging.logging_format not in ("text", "json"):
        yield (f"format: Invalid value: {quoted(options.logging.logging_format)}: Unsupported log format. "
               'Supported values are: "json", "text"')
    if options.logging.v < 0:
        yield f'invalid argument "{options.logging.v}" for "-v, --v" flag: must not be negative'


def _control_plane(options: Options) -> Iterator[str]:
    import ipaddress

    plane = options.control_plane
    ranges = []
    for text in plane.service_cluster_ip_ranges:
        try:
            ranges.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            yield f"invalid CIDR address: {text}"
    if not ranges:
        yield "--service-cluster-ip-range must contain at least one valid cidr"
    if len(plane.service_cluster_ip_ranges) > 2:
        yield "--service-cluster-ip-range must not contain more than two entries"
    for network in ranges:
        if network.num_addresses < 8:
            yield f"the service cluster IP range must be at least 8 IP addresses: {network}"
    if len(ranges) == 2 and ranges[0].version == ranges[1].version:
        yield "--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family"
    if plane.endpoint_reconciler_type not in ("lease", "none"):
        yield f"--endpoint-reconciler-type {quoted(plane.endpoint_reconciler_type)} is not supported by Pilothouse yet"
    elif ranges and plane.endpoint_reconciler_type != "none":
        address = options.generic.advertise_address
        if (ranges[0].version == 4) != (":" not in address):
            yield (f"service IP family {quoted(str(ranges[0]))} must match public address family {quoted(address)}")


def _tracing(options: Options) -> Iterator[str]:
    file = options.tracing.tracing_config_file
    if file and not Path(file).exists():
        yield f"tracing-config-file {file} does not exist"


def _kubelet(options: Options) -> Iterator[str]:
    kubelet = options.kubelet
    if bool(kubelet.kubelet_client_certificate) != bool(kubelet.kubelet_client_key):
        yield "--kubelet-client-certificate and --kubelet-client-key must be specified together"


_CHECKS: tuple[Callable[[Options], Iterator[str]], ...] = (
    _generic, _storage, _serving, lambda options: audit.validate(options.audit),
    lambda options: authentication.validate(options.authentication, options.given), _service_accounts,
    lambda options: authentication.validate_service_accounts(options.service_accounts), _request_header,
    _authorization, _api, _logging, _tracing, _control_plane, _kubelet, _aggregator,
)
