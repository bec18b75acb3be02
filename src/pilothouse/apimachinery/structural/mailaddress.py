"""Whether a text is one mail address, as Go reads RFC 5322 (upstream: net/mail.ParseAddress).

"bob@example.com", "Bob <bob@example.com>", '"Bob X." <bob@[192.0.2.1]> (work)'.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

_ATOM_CHARACTER: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\U0010ffff]"
_ATOM: Final = f"{_ATOM_CHARACTER}+"
_DOT_ATOM: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
_SPACE: Final = "[ \t]*"
_LITERAL: Final = re.compile(r"\[([^\[\]\\]*)\]").fullmatch
_SPEC: Final = f"(?:{_QUOTED}|{_DOT_ATOM}){_SPACE}@{_SPACE}(?P<domain>{_DOT_ATOM}|\\[[^\\[\\]]*\\])"
#: Words of a display name; Go lets dots stand anywhere in them.
_WORD: Final = rf"(?:{_QUOTED}|(?:{_ATOM_CHARACTER}|\.)+)"
_BARE: Final = re.compile(f"{_SPACE}{_SPEC}{_SPACE}").fullmatch
_NAMED: Final = re.compile(
    f"{_SPACE}(?:{_WORD}(?:[ \t]+{_WORD}|(?<=\"){_WORD}|(?={_QUOTED}){_WORD})*)?{_SPACE}"
    f"<{_SPACE}{_SPEC.replace('domain', 'named')}{_SPACE}>{_SPACE}"
).fullmatch
#: Longer texts are refused before anything is matched; RFC 5321 allows 254 characters for an address.
_LONGEST: Final = 4096


def is_mail_address(text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    text = _without_comments(text)
    m = _BARE(text) or _NAMED(text)
    if m is None:
        return False
    literal = _LITERAL(m[1])
    if literal is None:
        return True
    try:
        ip_address(literal[1].removeprefix("IPv6:"))
    except ValueError:
        return False
    return True


def _without_comments(text: str) -> str:
    """Comments behind the address, "(work)", are skipped; an open one stays, and matches nothing."""
    while text.rstrip(" \t").endswith(")"):
        text = text.rstrip(" \t")
        depth, at = 0, len(text)
        while at:
            at -= 1
            if text[at] in "()" and (at == 0 or text[at - 1] != "\\"):
                depth += 1 if text[at] == ")" else -1
                if depth == 0:
                    break
        if depth:
            return text
        text = text[:at]
    return text
