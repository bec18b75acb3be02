"""Which auditor the flags ask for."""

from pathlib import Path

import pytest

from pilothouse.audit.buffered import BufferedBackend
from pilothouse.audit.log import LogBackend
from pilothouse.audit.truncate import TruncatingBackend
from pilothouse.audit.union import UnionBackend
from pilothouse.controlplane.audit import build
from pilothouse.options.audit import AuditOptions
from pilothouse.options.options import Options

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"


@pytest.fixture
def policy(tmp_path: Path) -> str:
    (tmp_path / "policy.yaml").write_text(POLICY)
    return f"--audit-policy-file={tmp_path / 'policy.yaml'}"


def options(*flags: str) -> AuditOptions:
    return Options.parse(flags).audit


def test_nothing_without_a_policy_or_a_backend(tmp_path: Path, policy: str) -> None:
    assert build(options()) is None
    assert build(options(policy)) is None
    log = tmp_path / "a" / "b" / "audit.log"
    assert build(options(f"--audit-log-path={log}")) is None
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("flags", "kind", "strict"), [
    ((), LogBackend, False), (("--audit-log-mode=blocking-strict",), LogBackend, True),
    (("--audit-log-mode=batch",), BufferedBackend, False),
    (("--audit-log-truncate-enabled", "--audit-log-mode=blocking-strict"), TruncatingBackend, True),
])
def test_modes(tmp_path: Path, policy: str, flags: tuple[str, ...], kind: type, strict: bool) -> None:
    auditor = build(options(policy, f"--audit-log-path={tmp_path / 'audit.log'}", *flags))
    assert auditor is not None
    assert isinstance(auditor.backend, kind)
    assert (auditor.backend.strict, auditor.backend.ordered) == (strict, True)


def test_two_backends(tmp_path: Path, policy: str) -> None:
    webhook = tmp_path / "webhook"
    webhook.write_text("clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n")
    flags = [policy, "--audit-log-path=-", f"--audit-webhook-config-file={webhook}"]
    auditor = build(options(*flags, "--audit-webhook-mode=blocking"))
    assert auditor is not None
    assert isinstance(auditor.backend, UnionBackend)
    # the webhook's events are sent one after the other
    assert (auditor.backend.strict, auditor.backend.ordered) == (False, False)


@pytest.mark.parametrize(("path", "error"), [
    ("{0}", "ensureLogFile: open {0}: is a directory"),
    ("{0}/policy.yaml/x/y", "ensureLogFile: mkdir {0}/policy.yaml/x: not a directory"),
])
def test_a_log_that_cannot_be_opened(tmp_path: Path, policy: str, path: str, error: str) -> None:
    with pytest.raises(ValueError, match="ensureLogFile") as e:
        build(options(policy, f"--audit-log-path={path.format(tmp_path)}"))
    assert str(e.value) == error.format(tmp_path)


@pytest.mark.parametrize(("flag", "error"), [
    ("--audit-policy-file=/none", 'loading audit policy file: failed to read file path "/none": open /none: no such'),
    ("--audit-webhook-config-file=/none", "initializing audit webhook: stat /none: no such file or directory"),
])
def test_files_that_are_not_there(policy: str, flag: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        build(options(policy, flag))
