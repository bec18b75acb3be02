"""Parameters of operations (upstream: the options types of meta/v1 and core/v1, as their documentation says)."""

from functools import cache
from pathlib import Path

import orjson

from pilothouse.endpoints.openapi.model import Parameter

NAMESPACE = Parameter("namespace", "path", "object name and auth scope, such as for teams and projects")
PATH = Parameter("path", "path", "path to the resource")


def query(options: str, *without: str) -> tuple[Parameter, ...]:
    """The query parameters of "list", "create", "update", "patch", "delete", "pretty" or a core options kind."""
    table = _tables().get(options, {})
    return tuple(
        Parameter(name, "query", description, type)
        for name, (type, description) in table.items() if name not in without
    )  # fmt: skip


def name_of(kind: str) -> Parameter:
    return Parameter("name", "path", f"name of the {kind}")


@cache
def _tables() -> dict[str, dict[str, tuple[str, str]]]:
    tables: dict[str, dict[str, tuple[str, str]]] = orjson.loads(
        (Path(__file__).parent / "parameters.json").read_bytes()
    )
    return tables
