"""GET with a line of the audit log before and one after it, for which the answer waits (level Metadata)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.report import Result
from bench.setting import Setting, config_map

_PATH = "/api/v1/namespaces/audited/configmaps/a"
_RATE, _CPU = "GET audited, 64 connections", "CPU, GET audited"
_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
NAMES = (_RATE, _CPU)


def run(setting: Setting) -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        policy = Path(folder, "policy.yaml")
        policy.write_text(_POLICY)
        flags = (
            f"--audit-policy-file={policy}", f"--audit-log-path={folder}/audit.log", "--audit-log-maxsize=100",
            "--audit-log-maxbackup=1",
        )
        with setting.server(*flags) as server:
            server.make("audited", [config_map("a")])
            if setting.wanted(_RATE):
                yield setting.measure(_RATE, 64, lambda turn: server.load(_PATH, 64, setting.seconds))
            if setting.wanted(_CPU):
                yield setting.measure_cpu(_CPU, 64, lambda turn: server.load(_PATH, 64, setting.seconds))
