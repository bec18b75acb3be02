"""The built wheel serves in an environment that has nothing else."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.testing.server import TestServer
from tests.e2e.conftest import ROOT, Kubectl

NEEDED = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src", "tools")


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The bin directory of a virtual environment with the wheel, built from a copy without compiled schema."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    source.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("_compiled", "__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    # what a build needs is among the test requirements
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", directory, source)
    (wheel,) = directory.glob("*.whl")
    environment = directory / "environment"
    venv.create(environment, symlinks=True)
    run(*pip, "--python", environment / "bin" / "python", "install", wheel)
    yield environment / "bin"
    shutil.rmtree(directory)


@pytest.mark.timeout(400)
def test_the_wheel_serves(installed: Path, tmp_path: Path) -> None:
    packages = run(sys.executable, "-m", "pip", "--python", installed / "python", "freeze").lower()
    assert "pilothouse" in packages
    assert "hatchling" not in packages
    assert "kubernetes" not in packages
    assert run(installed / "kube-apiserver", "--version").startswith("Kubernetes v1.36.2")
    with TestServer(command=(str(installed / "pilothouse"), "serve")) as server:
        kubectl = Kubectl(server, "default", tmp_path)
        assert kubectl("create", "deployment", "web", "--image=nginx") == "deployment.apps/web created\n"
        assert "nginx" in kubectl("get", "deployments", "-o", "wide")
        assert "RollingUpdate" in kubectl("explain", "deployment.spec.strategy.type")
        assert kubectl("apply", "-f", "-", stdin="{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}")
