"""Splits an expression into tokens, as cel-go's grammar does (parser/gen CEL.g4), with its errors for what is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

EOF: Final = "<EOF>"
IDENTIFIER: Final = "IDENTIFIER"
ESC_IDENTIFIER: Final = "ESC_IDENTIFIER"
NUM_FLOAT: Final = "NUM_FLOAT"
NUM_INT: Final = "NUM_INT"
NUM_UINT: Final = "NUM_UINT"
STRING: Final = "STRING"
BYTES: Final = "BYTES"

#: Every kind of token in the order of the grammar, which is the order in which messages list them.
ORDER: Final = (
    EOF, "==", "!=", "in", "<", "<=", ">=", ">", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?",
    ":", "+", "*", "/", "%", "true", "false", "null", NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER,
    ESC_IDENTIFIER,
)
_RANK = {kind: i for i, kind in enumerate(ORDER)}
_NAMED = frozenset((EOF, NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER, ESC_IDENTIFIER))

_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7][0-7])"""
_QUOTED = (
    rf'"""(?:{_ESCAPE}|[^\\])*?"""|\'\'\'(?:{_ESCAPE}|[^\\])*?\'\'\''
    rf'|"(?:{_ESCAPE}|[^\\"\n\r])*"|\'(?:{_ESCAPE}|[^\\\'\n\r])*\''
    r'|[rR]"""[\s\S]*?"""|[rR]\'\'\'[\s\S]*?\'\'\'|[rR]"[^"\n\r]*"|[rR]\'[^\'\n\r]*\''
)
_TOKEN = re.compile(
    r"(?P<skip>[\t \r\n\f]+|//[^\n]*)"
    rf"|(?P<BYTES>[bB](?:{_QUOTED}))"
    rf"|(?P<STRING>{_QUOTED})"
    r"|(?P<NUM_FLOAT>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<NUM_UINT>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])"
    r"|(?P<NUM_INT>0x[0-9a-fA-F]+|[0-9]+)"
    r"|(?P<IDENTIFIER>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<ESC_IDENTIFIER>`[A-Za-z0-9_.\-/ ]+`)"
    r"|(?P<symbol>==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])"
)
#: What stands between tokens.
BLANK: Final = re.compile(r"[\t \r\n\f]+|//[^\n]*")
_KEYWORDS = frozenset(("in", "true", "false", "null"))
_UNFINISHED = re.compile(rf"(?:{_ESCAPE}|[^\\\n\r])*")
_UNFINISHED_ESCAPE = re.compile(
    r"(?:\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?)?"
)
_UNFINISHED_NAME = re.compile(r"`[A-Za-z0-9_.\-/ ]*")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    offset: int


def tokenize(text: str, report: Callable[[int, str], None]) -> list[Token]:
    """The tokens, the last one `EOF`; what is none goes to `report(offset, message)` and is left out."""
    tokens: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            stop = _failure(text, at)
            report(at, f"token recognition error at: '{shown(text[at:stop])}'")
            at = stop
            continue
        kind = match.lastgroup or ""
        if kind != "skip":
            found = match.group()
            if kind == "symbol" or (kind == IDENTIFIER and found in _KEYWORDS):
                kind = found
            tokens.append(Token(kind, found, at))
        at = match.end()
    tokens.append(Token(EOF, EOF, end))
    return tokens


def _failure(text: str, at: int) -> int:
    """Where ANTLR's lexer goes on: after the first character that no token could have."""
    start = text[at]
    if start in "=&|":
        return min(at + 2, len(text))
    if start == "`":
        match = _UNFINISHED_NAME.match(text, at)
        return min((match.end() if match else at) + 1, len(text))
    if start in "\"'":
        match = _UNFINISHED.match(text, at + 1)
        match = _UNFINISHED_ESCAPE.match(text, match.end() if match else at)
        return min((match.end() if match else at) + 1, len(text))
    return at + 1


def shown(text: str) -> str:
    """Text of the expression as ANTLR's messages quote it."""
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def kinds_text(kinds: frozenset[str]) -> str:
    """A set of kinds as messages show it: `')'`, `{'[', '{', IDENTIFIER}`."""
    names = [kind if kind in _NAMED else f"'{kind}'" for kind in sorted(kinds, key=_RANK.__getitem__)]
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"
