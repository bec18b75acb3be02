"""The commands `pilothouse serve …` and `kube-apiserver …`: the same server under two names.

Imports stand inside functions: `--version` and `--help` answer without loading a server, and the server's
start has half a second in all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

_USAGE = """\
Usage: pilothouse serve [flags]

A Kubernetes API server. `pilothouse serve --help` lists the flags; `kube-apiserver` is the same server
under the name that other tools look for.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """`pilothouse`: returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    match arguments:
        case ["serve", *rest]:
            return _command(rest, "pilothouse serve")
        case ["version"] | ["--version"]:
            print(_version())
            return 0
        case ["help"] | ["--help"] | ["-h"]:
            print(_USAGE, end="")
            return 0
        case []:
            print(_USAGE, end="", file=sys.stderr)
            return 1
    print(f'Error: unknown command "{arguments[0]}" for "pilothouse"\n\n{_USAGE}', end="", file=sys.stderr)
    return 1


def kube_apiserver(arguments: Sequence[str] | None = None) -> int:
    """`kube-apiserver`: returns the exit code."""
    return _command(sys.argv[1:] if arguments is None else arguments, "kube-apiserver")


def _command(arguments: Sequence[str], program: str) -> int:
    from pilothouse.options import flagset

    parsed = flagset.parse(arguments, program)
    if parsed.values["help"]:
        print(flagset.help_text(program), end="")
        return 0
    match parsed.values["version"]:
        case "true":
            print(_version())
            return 0
        case "raw":
            print(_raw_version())
            return 0
        case "false":
            pass
        case other:
            print(f'Error: invalid argument "{other}" for "--version" flag: Pilothouse does not pretend to be another '
                  "version", file=sys.stderr)
            return 1
    from pilothouse.options.run import run

    return run(arguments, program)


def _version() -> str:
    from pilothouse import KUBERNETES_VERSION, __version__

    return f"Kubernetes {KUBERNETES_VERSION} (Pilothouse {__version__})"


def _raw_version() -> str:
    import platform

    from pilothouse import KUBERNETES_VERSION, __version__

    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    return (f"Kubernetes: major={major} minor={minor} gitVersion={KUBERNETES_VERSION} pilothouse={__version__} "
            f"python={platform.python_version()} platform={sys.platform}/{platform.machine()}")
