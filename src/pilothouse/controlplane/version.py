"""Which Kubernetes release is served (upstream: k8s.io/component-base version)."""

import platform

import pilothouse

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def version_info() -> dict[str, str]:
    """A version.Info in wire form."""
    major, minor, _ = pilothouse.KUBERNETES_VERSION.removeprefix("v").split(".")
    machine = platform.machine()
    return {
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": pilothouse.KUBERNETES_VERSION, "gitCommit": f"pilothouse-{pilothouse.__version__}",
        "gitTreeState": "", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}", "compiler": "gc",
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }
