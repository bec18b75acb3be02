"""Regular expressions of schemas: Go's dialect, by RE2, with Go's words for what is wrong (upstream: Go's regexp)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

#: What one expression may take when compiled: RE2 refuses more, so that no pattern fills the memory or stalls the
#: server (compiling takes up to 10 ms then). Patterns of real schemas take less than a quarter of it.
_MEMORY: Final = 1 << 20
_GO_WORDS: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}

#: Whether a text contains a match.
Search = Callable[[str], Any]


class PatternError(ValueError):
    """Not a regular expression, in Go's words: "error parsing regexp: missing closing ): `(`"."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, memory: int = _MEMORY) -> Search:
    """Raises PatternError."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    try:
        search: Search = re2.compile(pattern, options).search
    except re2.error as error:
        raise PatternError(f"error parsing regexp: {_in_go_words(error.args[0], pattern)}") from None
    except UnicodeEncodeError:
        raise PatternError(f"error parsing regexp: invalid UTF-8: `{pattern}`") from None
    return search


def _in_go_words(text: str | bytes, pattern: str) -> str:
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    reason, colon, part = text.partition(": ")
    if "too large" in text:
        return f"expression too large: `{pattern}`"
    if reason == "trailing \\":
        return f"{_GO_WORDS[reason]}: ``"
    if reason == "missing )":
        part = pattern
    return f"{_GO_WORDS.get(reason, reason)}: `{part if colon else pattern}`"
