from pathlib import Path

import pytest

from pilothouse.options.complete import advertised, complete, default_data_dir
from pilothouse.options.options import Options
from pilothouse.options.validation import validate


def errors(*arguments: str) -> list[str]:
    return validate(complete(Options.parse(arguments)))


def test_no_flags_at_all_are_fine() -> None:
    assert errors() == []


@pytest.mark.parametrize(("argument", "error"), [
    ("--livez-grace-period=-1s", "--livez-grace-period can not be a negative value"),
    ("--max-requests-inflight=-1", "--max-requests-inflight can not be negative value"),
    ("--max-mutating-requests-inflight=-1", "--max-mutating-requests-inflight can not be negative value"),
    ("--request-timeout=-1s", "--request-timeout can not be negative value"),
    ("--goaway-chance=0.03", "--goaway-chance can not be less than 0 or greater than 0.02"),
    ("--min-request-timeout=-1", "--min-request-timeout can not be negative value"),
    ("--shutdown-delay-duration=-1s", "--shutdown-delay-duration can not be negative value"),
    ("--strict-transport-security-directives=max-age=1,nonsense",
     "--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. "
     "see https://tools.ietf.org/html/rfc6797#section-6.1 for more information"),
    ("--storage-backend=etcd3", '--storage-backend "etcd3" invalid, allowed values: sqlite, memory'),
    ("--secure-port=70000",
     "--secure-port 70000 must be between 1 and 65535, inclusive. It cannot be turned off with 0"),
    ("--tls-cert-file=", None),
    ("--disable-http2-serving=false", None),
    ("--http2-max-streams-per-connection=7", None),
    ("--tls-min-version=VersionTLS11", 'unknown tls version "VersionTLS11"'),
    ("--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA",
     "Cipher suite TLS_RSA_WITH_RC4_128_SHA not supported or doesn't exist"),
    ("--token-auth-file=/no/such", "--token-auth-file: open /no/such: no such file or directory"),
    ("--service-account-issuer=a:%:b c", 'service-account-issuer "a:%:b c" contained a \':\' but was not a valid URL'),
    ("--service-account-jwks-uri=http://x/y", "service-account-jwks-uri requires https scheme, parsed as: http://x/y"),
    ("--authorization-mode=Nope", 'authorization-mode "Nope" is not a valid mode'),
    ("--authorization-mode=Node,RBAC", None),
    ("--authorization-mode=ABAC", "authorization-mode ABAC's authorization policy file not passed"),
    ("--authorization-mode=Webhook", "authorization-mode Webhook's authorization config file not passed"),
    ("--authorization-policy-file=x", "cannot specify --authorization-policy-file without mode ABAC"),
    ("--authorization-webhook-config-file=x",
     "cannot specify --authorization-webhook-config-file without mode Webhook"),
    ("--authorization-mode=RBAC,RBAC", 'authorization-mode ["RBAC" "RBAC"] has mode specified more than once'),
    ("--authorization-mode=", "at least one authorization-mode must be passed"),
    ("--authorization-mode=RBAC,AlwaysAllow", None),
    ("--authorization-config=/no/file", "open /no/file: no such file or directory"),
    ("--runtime-config=api/all=false", "invalid runtime-config with only api/all=false"),
    (
        "--runtime-config=apps/v1=perhaps",
        'invalid value of apps/v1: perhaps, err: strconv.ParseBool: parsing "perhaps": invalid syntax',
    ),
    ("--logging-format=xml",
     'format: Invalid value: "xml": Unsupported log format. Supported values are: "json", "text"'),
    ("--service-cluster-ip-range=nonsense", "invalid CIDR address: nonsense"),
    ("--service-cluster-ip-range=10.0.0.0/24,10.1.0.0/24",
     "--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family"),
    ("--service-cluster-ip-range=10.0.0.0/24,fd00::/112", None),
    ("--service-cluster-ip-range=fd00::/112",
     'service IP family "fd00::/112" must match public address family "192.0.2.7"'),
    ("--cors-allowed-origins=^https://example[.]com$", None),
    ("--requestheader-username-headers= ", 'empty value in "requestheader-username-headers"'),
    ("--requestheader-allowed-names=a,,b", 'empty value in "requestheader-allowed-names"'),
    ("--requestheader-uid-headers=X-Uid",
     "--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - "
     "API aggregation will not work"),
    ("--requestheader-uid-headers=x-remote-uid", None),
    ("--requestheader-client-ca-file=/no/such", "--requestheader-client-ca-file: open /no/such: no such file or "
     "directory"),
    ("--enable-aggregator-routing", None),
    ("--aggregator-reject-forwarding-redirect=false", None),
    ("--feature-gates=NoSuchGate=true", "unrecognized feature gate: NoSuchGate"),
])
def test_one_flag(argument: str, error: str | None) -> None:
    found = errors(argument, "--advertise-address=192.0.2.7")
    assert found[:1] == ([error] if error else [])


@pytest.mark.parametrize(("expression", "problem"), [
    ("example.com", "regular expression does not pin to start/end of host in the origin header"),
    ("^(https://x$", "error parsing regexp: missing ): ^(https://x$"),
])
def test_cors_origins(expression: str, problem: str) -> None:
    [error] = errors(f"--cors-allowed-origins={expression}")
    assert error.startswith(f"--cors-allowed-origins has an invalid regular expression: {problem}, help: ")


@pytest.mark.parametrize("flag", [
    "--authorization-mode=RBAC", "--authorization-webhook-version=v1", "--authorization-webhook-config-file=x",
    "--authorization-webhook-cache-authorized-ttl=1s", "--authorization-webhook-cache-unauthorized-ttl=1s",
])
def test_an_authorization_config_stands_alone(flag: str) -> None:
    assert errors("--authorization-config=/no/file", flag) == [
        "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are "
        "defined"
    ]


def test_all_errors_are_reported_at_once() -> None:
    found = errors("--no-such-flag", "--secure-port=-1", "--authorization-mode=Nope", "--egress-selector-config-file=x",
                   "--feature-gates=Nope=true", "--tls-cert-file=/no/cert")
    assert len(found) == 7


def test_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    options = complete(Options.parse(["--advertise-address=192.0.2.7"]))
    assert options.storage.data_dir == str(tmp_path / "pilothouse") == default_data_dir()
    assert options.pki_directory == tmp_path / "pilothouse" / "pki"
    assert options.serving.cert_dir == str(options.pki_directory)
    assert options.client_ca_files == (options.ca_file,)
    assert options.serving.kubeconfig_out == str(tmp_path / "pilothouse" / "admin.kubeconfig")
    assert options.authentication.api_audiences == ("https://kubernetes.default.svc",)
    assert options.service_accounts.service_account_key_file == (str(options.pki_directory / "sa.pub"),)
    assert options.generic.advertise_address == "192.0.2.7"


def test_the_signing_key_verifies_when_no_other_is_given() -> None:
    options = complete(Options.parse(["--service-account-signing-key-file=/keys/sign"]))
    assert options.service_accounts.service_account_key_file == ("/keys/sign",)


def test_a_given_client_authority_counts_beside_our_own() -> None:
    options = complete(Options.parse(["--client-ca-file=/ca.crt", "--data-dir=/data"]))
    assert options.client_ca_files == (Path("/data/pki/ca.crt"), Path("/ca.crt"))


def test_the_bound_address_is_advertised_unless_it_is_open_or_loopback() -> None:
    assert advertised("192.0.2.9") == "192.0.2.9"
    assert advertised("0.0.0.0") != "0.0.0.0"
    assert advertised("::") != "::"


def test_client_certificates_may_not_make_anybody_a_front_proxy(tmp_path: Path) -> None:
    blocks = [f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n" for text in ("AA\nBB", "CC")]
    clients, proxies = tmp_path / "clients.crt", tmp_path / "proxies.crt"
    clients.write_text("".join(blocks))
    proxies.write_text(blocks[1])
    flags = f"--client-ca-file={clients}", f"--requestheader-client-ca-file={proxies}"
    assert errors(*flags) == [
        "--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; "
        "--requestheader-allowed-names must be specified to ensure regular client certificates cannot set "
        "authenticating proxy headers for arbitrary users"
    ]
    assert errors(*flags, "--requestheader-allowed-names=proxy") == []
    proxies.write_text("other")
    assert errors(*flags) == []


def test_the_front_proxy_certificate_is_ours_unless_another_authority_is_believed(tmp_path: Path) -> None:
    own = complete(Options.parse([f"--data-dir={tmp_path}"]))
    assert own.authentication.requestheader_client_ca_file == f"{tmp_path}/pki/front-proxy-ca.crt"
    assert own.authentication.requestheader_allowed_names == ("front-proxy-client",)
    assert own.aggregator.proxy_client_cert_file == f"{tmp_path}/pki/front-proxy-client.crt"
    given = complete(Options.parse([f"--data-dir={tmp_path}", "--requestheader-client-ca-file=/ca"]))
    assert given.authentication.requestheader_username_headers == ()
    assert given.aggregator.proxy_client_cert_file == ""
    certificate = complete(Options.parse([f"--data-dir={tmp_path}", "--proxy-client-cert-file=/x"]))
    assert certificate.aggregator.proxy_client_key_file == ""
    assert errors("--proxy-client-cert-file=/dev/null") == [
        "--proxy-client-cert-file and --proxy-client-key-file must be specified together"
    ]


def test_http2_is_asked_for() -> None:
    def streams(*arguments: str) -> int:
        return Options.parse(arguments).serving.http2_streams

    assert streams() == streams("--http2-max-streams-per-connection=7") == 0
    assert streams("--disable-http2-serving=false") == 100
    assert streams("--disable-http2-serving=false", "--http2-max-streams-per-connection=7") == 7
    assert streams("--disable-http2-serving=false", "--http2-max-streams-per-connection=-7") == 100


def test_http2_needs_its_library_and_a_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    assert errors(suite) == errors("--disable-http2-serving=false", suite, "--tls-min-version=VersionTLS13") == []
    assert errors("--disable-http2-serving=false", suite) == [
        "error configuring http2: http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 "
        "cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)"
    ]
    monkeypatch.setattr("pilothouse.options.validation.find_spec", lambda name: None)
    assert errors("--disable-http2-serving=false") == [
        "--disable-http2-serving=false needs what pip install 'pilothouse[http2]' brings"
    ]
