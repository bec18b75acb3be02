"""The table of flags, and command lines read against it (upstream: spf13/pflag, component-base cli/flag).

`flags.tsv` holds all of kube-apiserver's flags and ours: group, name, type, default, whether Pilothouse acts
on it, and a line of help. A flag that it does not act on may be given its default value only.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pilothouse.options import values
from pilothouse.options.values import quoted

_SECRET_FLAGS: frozenset[str] = frozenset()
"""Flags whose value is itself a secret. kube-apiserver has none: secrets stand in files."""

_PORT_RANGES = ("portRange",)
#: Flags that read their type in a way of their own: one pair, whatever commas are in it.
_OWN_PARSERS = {"oidc-required-claim": values.pair}


@dataclass(frozen=True, slots=True)
class Flag:
    group: str
    name: str
    type: str
    default_text: str
    supported: bool
    help: str

    @property
    def default(self) -> Any:
        if not self.default_text and self.type in values.EMPTY:
            return values.EMPTY[self.type]
        return values.PARSERS[self.type](self.default_text)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a command line says: a value for every flag, which were given, and all that is wrong with it."""

    values: Mapping[str, Any]
    given: frozenset[str]
    errors: tuple[str, ...]


@cache
def flags() -> Mapping[str, Flag]:
    """Every flag by name, in the table's order."""
    table: dict[str, Flag] = {}
    lines = Path(__file__).with_name("flags.tsv").read_text("utf-8").splitlines()
    for line in lines[1:]:
        group, name, kind, default, support, text = line.split("\t")
        table[name] = Flag(group, name, kind, default, support == "yes", text)
    return table


def parse(arguments: Sequence[str], program: str = "kube-apiserver") -> Parsed:
    """Read a command line. Never raises: all errors are collected, with pflag's wording."""
    table = flags()
    found: dict[str, Any] = {}
    errors: list[str] = []
    positional: list[str] = []
    for name, text, error in _scan(arguments, positional):
        if error:
            errors.append(error)
            continue
        flag = table[name]
        try:
            value = (_OWN_PARSERS.get(name) or values.PARSERS[flag.type])(text)
        except ValueError as problem:
            shown = f"-v, --{name}" if name == "v" else f"--{name}"
            errors.append(f"invalid argument {quoted(text)} for {quoted(shown)} flag: {problem}")
            continue
        found[name] = values.merge(found[name], value) if name in found else value
    if any(positional):
        listed = " ".join(quoted(p) for p in positional)
        errors.append(f"{quoted(program)} does not take any arguments, got [{listed}]")
    for name, value in found.items():
        if not table[name].supported and value != table[name].default:
            errors.append(f"--{name} is not supported by Pilothouse yet")
    complete = {name: found.get(name, flag.default) for name, flag in table.items()}
    return Parsed(complete, frozenset(found), tuple(errors))


def _scan(arguments: Sequence[str], positional: list[str]) -> Iterator[tuple[str, str, str]]:
    """(flag name, value text, error) for each flag; what is no flag goes to `positional`."""
    table = flags()
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            positional.extend(rest)
            return
        if not argument.startswith("-") or argument == "-":
            positional.append(argument)
            continue
        if argument.startswith("--"):
            name, equals, text = argument[2:].partition("=")
            name = name.replace("_", "-")
        else:
            name, equals, text = _shorthand(argument)
        if name not in table:
            yield "", "", (f"unknown flag: --{name}" if argument.startswith("--")
                           else f"unknown shorthand flag: '{argument[1]}' in {argument}")
            continue
        if not equals:
            kind = table[name].type
            if kind in ("bool", "version[=true]"):
                text = "true"
            else:
                following = next(rest, None)
                if following is None:
                    yield "", "", (f"flag needs an argument: --{name}" if argument.startswith("--")
                                   else f"flag needs an argument: '{argument[1]}' in {argument}")
                    continue
                text = following
        yield name, text, ""


def _shorthand(argument: str) -> tuple[str, str, str]:
    letter, text = argument[1], argument[2:]
    name = {"v": "v", "h": "help"}.get(letter, "")
    if letter == "h" and not text:
        return name, "=", "true"
    return name, "=" if text else "", text.removeprefix("=")


def shown(name: str, value: Any) -> str:
    """A value as it is logged at start."""
    if name in _SECRET_FLAGS:
        return "<secret>"
    kind = flags()[name].type
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind in _PORT_RANGES:
        return f"{value[0]}-{value[1]}"
    if isinstance(value, tuple):
        return "[" + ",".join(str(v) for v in value) + "]"
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items())
    if kind == "duration":
        return f"{value:g}s"
    return str(value)


def help_text(program: str, width: int = 100) -> str:
    """All flags by group; those that Pilothouse refuses stand at the end of their group, by name only."""
    out = [
        f"Usage:\n  {program} [flags]\n",
        "A Kubernetes API server. The flags are kube-apiserver's. Those listed as not supported yet may be\n"
        "given with their default value only.\n",
    ]
    groups: dict[str, list[Flag]] = {}
    for flag in flags().values():
        groups.setdefault(flag.group, []).append(flag)
    for group, members in groups.items():
        out.append(f"\n{group} flags:\n")
        for flag in members:
            if flag.supported:
                out.append(_flag_help(flag, width))
        refused = ", ".join(f"--{flag.name}" for flag in members if not flag.supported)
        if refused:
            out.append(textwrap.fill(f"Not supported yet: {refused}", width, initial_indent="    ",
                                     subsequent_indent="      ", break_on_hyphens=False) + "\n")
    return "\n".join(out)


def _flag_help(flag: Flag, width: int) -> str:
    name = f"-{flag.name}, --{flag.name}" if flag.name == "v" else f"    --{flag.name}"
    kind = "" if flag.type == "bool" else f" {flag.type}"
    default = f" (default {flag.default_text})" if flag.default_text not in ("", "false") else ""
    body = textwrap.fill(flag.help + default, width, initial_indent=" " * 16, subsequent_indent=" " * 16)
    return f"  {name}{kind}\n{body}"
