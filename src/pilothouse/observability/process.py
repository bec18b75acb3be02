"""Figures of the process itself (upstream: client_golang's process collector, component-base version metrics)."""

import os
import resource
import time
from collections.abc import Iterable, Mapping

from pilothouse.observability.metrics import BETA, REGISTRY, STABLE, Registry
from pilothouse.observability.profiles import resident_bytes

_START = time.time()


def install_process_metrics(version: Mapping[str, str], registry: Registry = REGISTRY) -> None:
    """process_* and kubernetes_build_info; `version` is a version.Info in wire form."""
    build = registry.gauge(
        "kubernetes_build_info",
        "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build"
        " date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        ("major", "minor", "git_version", "git_commit", "git_tree_state", "build_date", "go_version", "compiler",
         "platform"),
    )
    wire = ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler",
            "platform")
    build.set(1.0, *(version.get(key, "") for key in wire))
    cpu = registry.counter(
        "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", stability=""
    )
    resident = registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", stability="")
    virtual = registry.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", stability="")
    maximum = registry.gauge(
        "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", stability=""
    )
    open_files = registry.gauge("process_open_fds", "Number of open file descriptors.", stability="")
    max_files = registry.gauge("process_max_fds", "Maximum number of open file descriptors.", stability="")
    registry.gauge(
        "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", stability=STABLE
    ).set(_START)

    def collect() -> None:
        times = os.times()
        cpu.set(times.user + times.system)
        resident.set(resident_bytes())
        virtual.set(_virtual_bytes())
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        maximum.set(2.0**64 if limit == resource.RLIM_INFINITY else limit)
        max_files.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        open_files.set(_open_files())

    registry.add_collector(collect)


def install_feature_metrics(gates: Iterable[tuple[str, str, bool]], registry: Registry = REGISTRY) -> None:
    """kubernetes_feature_enabled for each (name, stage, enabled); the stage of a GA feature is ""."""
    enabled = registry.gauge(
        "kubernetes_feature_enabled", "This metric records the data about the stage and enablement of a k8s feature.",
        ("name", "stage"), BETA,
    )
    for name, stage, on in gates:
        enabled.set(1.0 if on else 0.0, name, stage)


def _virtual_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as f:
            return int(f.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0
