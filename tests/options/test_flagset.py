import pytest

from pilothouse.options import flagset
from pilothouse.options.values import PARSERS


def test_every_flag_has_a_type_a_default_and_help_where_it_works() -> None:
    table = flagset.flags()
    assert len(table) == 176
    for flag in table.values():
        assert flag.type in PARSERS
        assert flag.default is not None
        assert bool(flag.help) == flag.supported, flag.name


def test_upstream_s_defaults() -> None:
    parsed = flagset.parse([])
    assert not parsed.errors
    assert not parsed.given
    assert parsed.values["secure-port"] == 6443
    assert parsed.values["request-timeout"] == 60.0
    assert parsed.values["enable-garbage-collector"] is True
    assert parsed.values["service-node-port-range"] == (30000, 32767)
    assert parsed.values["kubelet-preferred-address-types"] == (
        "Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP",
    )


@pytest.mark.parametrize(("arguments", "flag", "value"), [
    (["--secure-port=1"], "secure-port", 1),
    (["--secure-port", "1"], "secure-port", 1),
    (["--secure_port=1"], "secure-port", 1),
    (["--anonymous-auth=false"], "anonymous-auth", False),
    (["--allow-privileged"], "allow-privileged", True),
    (["-v", "4"], "v", 4),
    (["-v=4"], "v", 4),
    (["-v4"], "v", 4),
    (["--v=4"], "v", 4),
    (["--api-audiences=a,b", "--api-audiences", "c"], "api-audiences", ("a", "b", "c")),
    (["--authorization-mode=AlwaysAllow"], "authorization-mode", ("AlwaysAllow",)),
    (["--service-account-key-file=a", "--service-account-key-file=b"], "service-account-key-file", ("a", "b")),
    (["--runtime-config=a=true", "--runtime-config=b=false"], "runtime-config", {"a": "true", "b": "false"}),
    (["--token-auth-file="], "token-auth-file", ""),
    (["--version"], "version", "true"),
    (["--version=raw"], "version", "raw"),
    (["-h"], "help", True),
])
def test_go_flag_syntax(arguments: list[str], flag: str, value: object) -> None:
    parsed = flagset.parse(arguments)
    assert not parsed.errors
    assert parsed.values[flag] == value
    assert parsed.given == {flag}


@pytest.mark.parametrize(("arguments", "error"), [
    (["--no-such"], "unknown flag: --no-such"),
    (["-x"], "unknown shorthand flag: 'x' in -x"),
    (["--secure-port"], "flag needs an argument: --secure-port"),
    (["-v"], "flag needs an argument: 'v' in -v"),
    (["--secure-port=x"],
     'invalid argument "x" for "--secure-port" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    (["-v=x"], 'invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    (["--anonymous-auth=maybe"],
     'invalid argument "maybe" for "--anonymous-auth" flag: strconv.ParseBool: parsing "maybe": invalid syntax'),
    (["extra", "more"], '"kube-apiserver" does not take any arguments, got ["extra" "more"]'),
    (["--", "--secure-port=1"], '"kube-apiserver" does not take any arguments, got ["--secure-port=1"]'),
    (["--etcd-servers=http://localhost:2379"], "--etcd-servers is not supported by Pilothouse yet"),
    (["--egress-selector-config-file=x"], "--egress-selector-config-file is not supported by Pilothouse yet"),
])
def test_errors(arguments: list[str], error: str) -> None:
    assert flagset.parse(arguments).errors == (error,)


def test_all_errors_are_found_at_once() -> None:
    parsed = flagset.parse(["--no-such", "--secure-port=x", "--egress-selector-config-file=x", "-v", "3"])
    assert len(parsed.errors) == 3
    assert parsed.values["v"] == 3


def test_an_unsupported_flag_may_say_its_default() -> None:
    for flag in flagset.flags().values():
        if not flag.supported and flag.type != "namedCertKey":
            assert not flagset.parse([f"--{flag.name}={flag.default_text or _zero(flag)}"]).errors, flag.name


def _zero(flag: flagset.Flag) -> str:
    return flagset.shown(flag.name, flag.default).strip("[]") if flag.type != "string" else ""


def test_help_names_every_flag() -> None:
    text = flagset.help_text("kube-apiserver")
    for flag in flagset.flags().values():
        assert f"--{flag.name}" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_shown_values() -> None:
    parsed = flagset.parse(["--request-timeout=1m30s"])
    assert flagset.shown("request-timeout", parsed.values["request-timeout"]) == "90s"
    assert flagset.shown("service-node-port-range", (1, 2)) == "1-2"
    assert flagset.shown("authorization-mode", ("RBAC",)) == "[RBAC]"
    assert flagset.shown("profiling", True) == "true"
