"""Expressions over claims and users (upstream: k8s.io/apiserver pkg/authentication/cel)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pilothouse.apimachinery.cel import ast, kubernetes
from pilothouse.apimachinery.cel.environment import Environment, Program
from pilothouse.apimachinery.cel.escaping import unescape
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Bool, Dyn, Field, String, StructType, list_of, map_of
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError
from pilothouse.apimachinery.user import User
from pilothouse.authentication.interface import AuthenticationError

CLAIMS, USER = "claims", "user"
_STRINGS_ONLY = "expression must return a string or a list of strings"


@lru_cache(maxsize=1)
def _environments() -> Mapping[str, Environment]:
    user = StructType("kubernetes.UserInfo", {name: Field(name, type) for name, type in (
        ("username", String), ("uid", String), ("groups", list_of(String)), ("extra", map_of(String, list_of(String))),
    )})
    return {
        CLAIMS: kubernetes.environment({CLAIMS: map_of(String, Dyn)}), USER: kubernetes.environment({USER: user}, user),
    }


def compile_expression(text: str, variable: str, *, boolean: bool = False) -> Program:
    """A program over `variable` (CLAIMS or USER). Raises ValueError with what validation says of `text`."""
    try:
        program = _environments()[variable].compile(text)
    except CompileError as error:
        raise ValueError(f"compilation failed: {error}" if error.issues else f"program instantiation failed: {error}"
                         ) from None
    if boolean and program.output_type != Bool:
        raise ValueError("must evaluate to bool")
    return program


def evaluate(program: Program, variable: str, value: Any) -> Any:
    """Raises AuthenticationError."""
    try:
        return program.evaluate({variable: value})
    except (EvaluationError, CostExceeded) as error:
        raise AuthenticationError(f"expression '{program.text}' resulted in error: {error}") from None


def claims_value(claims: Mapping[str, Any]) -> Any:
    """Claims as expressions see them: all numbers are doubles, as Go's JSON has them, and names that no identifier can
    have are found under their escaped form (`claims.example__dot__com__slash__admin`)."""
    return _value(claims)


def user_value(user: User) -> Any:
    return {
        "username": user.name, "uid": user.uid, "groups": list(user.groups),
        "extra": _Unescaping({key: list(values) for key, values in user.extra.items()}),
    }


def strings(value: Any) -> tuple[str, ...]:
    """The texts that an expression gave; null and empty ones are none. Raises AuthenticationError for others."""
    if value is None:
        return ()
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise AuthenticationError(_STRINGS_ONLY)
    return tuple(text for text in found if text)


class _Unescaping(dict[str, Any]):
    """A map whose keys are asked for by their escaped form (upstream: unescapeMapper)."""

    def __getitem__(self, key: Any) -> Any:
        return dict.__getitem__(self, _plain(key))

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, _plain(key))


def _plain(key: Any) -> Any:
    if not isinstance(key, str) or "__" not in key:
        return key
    name = unescape(key)
    return key if name is None else name


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return _Unescaping({key: _value(item) for key, item in value.items()})
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value


def selects(program: Program, variable: str, field: str) -> bool:
    """Whether the expression reads `variable.field`, or `variable.?field` (upstream: hasSelectExp)."""
    return any(_is_selection(node, variable, field) for node in ast.walk(program.root))


def _is_selection(node: ast.Node, variable: str, field: str) -> bool:
    if isinstance(node, ast.Select):
        return node.field == field and _is_variable(node.operand, variable)
    return (
        isinstance(node, ast.Call) and node.target is None and node.function == "_?._" and len(node.args) == 2
        and _is_variable(node.args[0], variable)
        and isinstance(node.args[1], ast.Literal) and node.args[1].value == field
    )


def _is_variable(node: ast.Node, variable: str) -> bool:
    return isinstance(node, ast.Ident) and node.name == variable
