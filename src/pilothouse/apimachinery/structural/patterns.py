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
Search = Callable[[str], bool]


class PatternError(ValueError):
    """Not a regular expression, in Go's words: "error parsing regexp: missing closing ): `(`"."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, memory: int = _MEMORY) -> Search:
    """Whether texts contain a match. Raises PatternError."""
    return _search(pattern, _options(memory), compile_expression(pattern, memory).search)


@lru_cache(maxsize=1024)
def compile_expression(pattern: str, memory: int = _MEMORY) -> Any:
    """RE2's own object, which tells where matches are. Raises PatternError."""
    import re2

    try:
        return re2.compile(pattern, _options(memory))
    except re2.error as error:
        raise PatternError(f"error parsing regexp: {_in_go_words(error.args[0], pattern)}") from None
    except UnicodeEncodeError:
        raise PatternError(f"error parsing regexp: invalid UTF-8: `{pattern}`") from None


def _options(memory: int) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    return options


def _search(pattern: str, options: Any, search: Callable[[str], Any]) -> Search:
    """A set of one expression answers six times as fast as the expression: it makes no match object. It is made for
    the first text, and what it does not find is looked for again, because it gives up where it lacks memory."""
    quick: list[Callable[[str], Any]] = []

    def found(text: str) -> bool:
        if not quick:
            quick.append(_set_of(pattern, options) or search)
        return quick[0](text) is not None or search(text) is not None

    return found


def _set_of(pattern: str, options: Any) -> Callable[[str], Any] | None:
    import re2

    expressions = re2.Set.SearchSet(options)
    try:
        expressions.Add(pattern)
        expressions.Compile()
    except re2.error:
        return None
    match: Callable[[str], Any] = expressions.Match
    return match


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
