"""Formats of file paths and modes in volumes and containers (upstream: pkg/apis/core/validation).

Each `is_…` function returns the texts of what is wrong with a path.
"""

from pilothouse.apimachinery import field
from pilothouse.registry.rules import NONE, Errors, Obj

_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def is_without_backsteps(path: str) -> list[str]:
    return ["must not contain '..'"] if ".." in path and ".." in path.split("/") else []


def is_descending_path(path: str) -> list[str]:
    """Relative, and never upwards."""
    absolute = ["must be a relative path"] if path.startswith("/") else []
    return absolute + is_without_backsteps(path)


def is_local_path(path: str) -> list[str]:
    """Descending, and no name that volumes keep for themselves ("..data")."""
    texts = is_descending_path(path)
    if path.startswith("..") and not path.startswith("../"):
        texts.append("must not start with '..'")
    return texts


def mode(obj: Obj, name: str) -> Errors:
    """The permission bits `obj[name]`, if set."""
    value = obj.get(name)
    return NONE if value is None or 0 <= value <= 0o777 else (field.invalid(name, value, _MODE),)
