"""Names of properties as CEL identifiers (apiserver pkg/cel/escaping.go)."""

import re
from typing import Final

RESERVED: Final = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
    "let", "loop", "package", "namespace", "return", "var", "void", "while",
))
_PLAIN: Final = re.compile(r"[a-zA-Z0-9_./-]+")
_ESCAPED: Final = re.compile(r"__|[-./]")
_SEQUENCES: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escape(name: str) -> str | None:
    """`a-b` becomes `a__dash__b`; None for a name that CEL cannot have."""
    if not name or "0" <= name[0] <= "9":
        return None
    if name in RESERVED:
        return f"__{name}__"
    if not _PLAIN.fullmatch(name):
        return None
    return _ESCAPED.sub(lambda match: _SEQUENCES[match.group()], name)
