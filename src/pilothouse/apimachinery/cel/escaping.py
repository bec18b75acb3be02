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
_ESCAPE: Final = re.compile(r"__[^_]+__")
_PLAIN_OF: Final = {sequence: plain for plain, sequence in _SEQUENCES.items()}


def escape(name: str) -> str | None:
    """`a-b` becomes `a__dash__b`; None for a name that CEL cannot have."""
    if not name or "0" <= name[0] <= "9":
        return None
    if name in RESERVED:
        return f"__{name}__"
    if not _PLAIN.fullmatch(name):
        return None
    return _ESCAPED.sub(lambda match: _SEQUENCES[match.group()], name)


def unescape(name: str) -> str | None:
    """The property that an identifier stands for; None for one with escapes that there are not."""
    if "__" not in name:
        return name
    if name[2:-2] in RESERVED and name == f"__{name[2:-2]}__":
        return name[2:-2]
    if any(sequence not in _PLAIN_OF for sequence in _ESCAPE.findall(name)):
        return None
    return _ESCAPE.sub(lambda match: _PLAIN_OF[match.group()], name)
