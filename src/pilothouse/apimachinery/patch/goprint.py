"""Values as Go's fmt prints them, for error texts that show them."""

from typing import Any

from pilothouse.apimachinery.field import go_number, go_quote


def plain(value: Any) -> str:
    """%v"""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list():
            return "[" + " ".join([plain(v) for v in value]) + "]"
        case dict():
            return "map[" + " ".join([f"{name}:{plain(value[name])}" for name in sorted(value)]) + "]"
    return go_number(value)


def syntax(value: Any) -> str:
    """%#v"""
    match value:
        case None:
            return "interface {}(nil)"
        case bool():
            return "true" if value else "false"
        case str():
            return go_quote(value)
        case list():
            return "[]interface {}{" + ", ".join([syntax(v) for v in value]) + "}"
        case dict():
            fields = ", ".join([f"{go_quote(name)}:{syntax(value[name])}" for name in sorted(value)])
            return "map[string]interface {}{" + fields + "}"
    return go_number(value)


def type_name(value: Any, integer: str = "int64") -> str:
    """reflect.TypeOf printed with %s. `integer` is the Go type that integers were decoded to."""
    match value:
        case None:
            return "%!s(<nil>)"
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case dict():
            return "map[string]interface {}"
        case int():
            return integer
    return "float64"
