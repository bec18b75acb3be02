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
         "platform"), BETA,
    )
    wire = ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler",
            "platform")
    build.set(1.0, *(version.get(key, "") for key in wire))
    release = f"{version.get('major', '')}.{version.get('minor', '')}"
    compatible = f"{version.get('minCompatibilityMajor', '')}.{version.get('minCompatibilityMinor', '')}"
    registry.gauge(
        "version_info",
        "Provides the compatibility version info of the component. The component label is the name of the component,"
        " usually kube, but is relevant for aggregated-apiservers.",
        ("component", "binary", "emulation", "min_compat"),
    ).set(1.0, "kube", release, release, compatible)
    _install_figures(registry)


def _install_figures(registry: Registry) -> None:
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
    received = registry.counter(
        "process_network_receive_bytes_total", "Number of bytes received by the process over the network.", stability=""
    )
    sent = registry.counter(
        "process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.", stability=""
    )
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
        for counter, total in zip((received, sent), _network_bytes(), strict=True):
            counter.set(total)

    registry.add_collector(collect)


def install_feature_metrics(gates: Iterable[tuple[str, str, bool]], registry: Registry = REGISTRY) -> None:
    """kubernetes_feature_enabled for each (name, stage, enabled); the stage of a GA feature is ""."""
    enabled = registry.gauge(
        "kubernetes_feature_enabled", "This metric records the data about the stage and enablement of a k8s feature.",
        ("name", "stage"), BETA,
    )
    for name, stage, on in gates:
        enabled.set(1.0 if on else 0.0, name, stage)


def install_registry_metrics(registry: Registry = REGISTRY) -> None:
    """How many metrics there are (upstream: component-base/metrics/registry.go). None of ours are hidden or off, and
    no values of labels are refused."""
    registered = registry.counter(
        "registered_metrics_total",
        "The count of registered metrics broken by stability level and deprecation version.",
        ("stability_level", "deprecated_version"), BETA,
    )
    registry.counter("disabled_metrics_total", "The count of disabled metrics.", stability=BETA)
    registry.counter("hidden_metrics_total", "The count of hidden metrics.", stability=BETA)
    registry.counter(
        "cardinality_enforcement_unexpected_categorizations_total",
        "The count of unexpected categorizations during cardinality enforcement.",
    )

    def collect() -> None:
        for stability, count in registry.stabilities().items():
            registered.set(count, stability, "")

    registry.add_collector(collect)


def _virtual_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as f:
            return int(f.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _network_bytes() -> tuple[int, int]:
    """Bytes received and sent, of the whole network namespace, as the Go client has it."""
    try:
        with open("/proc/self/net/netstat", encoding="ascii") as f:
            lines = [line.split() for line in f if line.startswith("IpExt:")]
    except OSError:
        return 0, 0
    if len(lines) != 2:
        return 0, 0
    figures = dict(zip(*lines, strict=False))
    return int(figures.get("InOctets", 0)), int(figures.get("OutOctets", 0))


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0
