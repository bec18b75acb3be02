"""How the parser meets what it did not expect: ANTLR's default error strategy, as far as messages show it.

A token too many is dropped ("extraneous input"), a missing one is imagined ("missing ')'"), anything else ends the
rule ("mismatched input"), and tokens are skipped up to one that an enclosing rule can go on with.
"""

from typing import Final

from pilothouse.apimachinery.cel import tokens as t
from pilothouse.apimachinery.cel.source import NOWHERE, Issues
from pilothouse.apimachinery.cel.tokens import BLANK, EOF, Token, kinds_text, shown

PRIMARY: Final = frozenset((
    "[", "{", "(", ".", "-", "true", "false", "null", t.NUM_FLOAT, t.NUM_INT, t.NUM_UINT, t.STRING, t.BYTES,
    t.IDENTIFIER,
))
UNARY: Final = PRIMARY | {"!"}
OPERATORS: Final = frozenset((
    "==", "!=", "in", "<", "<=", ">=", ">", "&&", "||", "+", "-", "*", "/", "%",
))
_AFTER_MEMBER: Final = OPERATORS | {".", "["}

_MOST_RECOVERIES = 30
_MOST_SKIPPED = 256
_RESERVED = {".true": "true", ".false": "false", ".null": "null"}


class Mismatch(Exception):
    """The rule at hand cannot go on. `expected` is None when no alternative fits `seen`, because of `blamed`."""

    def __init__(
        self, expected: frozenset[str] | None = None, seen: str = "", blamed: Token | None = None
    ) -> None:
        super().__init__()
        self.expected = expected
        self.seen = seen
        self.blamed = blamed


class Abandoned(Exception):
    """Parsing ends here; what is wrong has been reported."""


class TokenReader:
    """The tokens of one expression, and where parsing stands in them.

    `contexts` holds, innermost last, the tokens that may follow an expression there.
    """

    def __init__(self, tokens: list[Token], issues: Issues) -> None:
        self.tokens = tokens
        self.issues = issues
        self.at = 0
        self.contexts: list[frozenset[str]] = [frozenset(("?", EOF))]
        self._recovering = False
        self._recoveries = 0
        self._stuck_at = -1

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def kind(self) -> str:
        return self.tokens[self.at].kind

    def next_kind(self) -> str:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)].kind

    def take(self) -> Token:
        """Consumes a token that fits."""
        token = self.tokens[self.at]
        self._recovering = False
        if token.kind != EOF:
            self.at += 1
        return token

    def expect(self, kind: str) -> Token:
        """Consumes `kind`, or repairs its absence; raises Mismatch."""
        token = self.token
        if token.kind == kind:
            return self.take()
        self._attempt()
        if self.next_kind() == kind and token.kind != EOF:
            self._report(token, f"extraneous input {self._shown(token)} expecting {kinds_text(frozenset((kind,)))}")
            self.at += 1
            return self.take()
        if token.kind in self._after(kind):
            self._report(token, f"missing {kinds_text(frozenset((kind,)))} at {self._shown(token)}")
            return token
        raise Mismatch(frozenset((kind,)))

    def sync(self, expected: frozenset[str]) -> None:
        """At the start of a choice: drops one token too many, or raises Mismatch."""
        if self._recovering or self.kind in expected:
            return
        token = self.token
        if token.kind != EOF and self.next_kind() in expected:
            self._report(token, f"extraneous input {self._shown(token)} expecting {kinds_text(expected)}")
            self.at += 1
            self._recovering = False
            return
        raise Mismatch(expected)

    def unwanted(self, expected: frozenset[str]) -> None:
        """In a loop: reports the token at hand and skips to one that fits."""
        token = self.token
        self._report(token, f"extraneous input {self._shown(token)} expecting {kinds_text(expected)}")
        self._skip_to(expected | self._recovery_set())

    def no_alternative(self, start: int, ahead: int = 0) -> Mismatch:
        """No rule fits the tokens from index `start` to the one at hand, or `ahead` of it: parsing goes on at the
        one at hand, and the other one is blamed."""
        end = min(self.at + ahead, len(self.tokens) - 1)
        source, seen, at = self.issues.source.text, "", self.tokens[start].offset
        for token in self.tokens[start : end + 1]:
            seen += "".join(BLANK.findall(source, at, token.offset))
            if token.kind != EOF:
                seen += token.text
                at = token.offset + len(token.text)
        return Mismatch(None, seen or EOF, self.tokens[end])

    def recover(self, mismatch: Mismatch) -> None:
        """Reports why a rule ended, and skips what nobody can use."""
        token = self.token
        if mismatch.expected is None:
            token = mismatch.blamed or token
            reserved = _RESERVED.get(mismatch.seen)
            if reserved is not None:
                self._report(token, f"mismatched input '{reserved}' expecting IDENTIFIER")
            else:
                self._report(token, f"no viable alternative at input '{shown(mismatch.seen)}'")
        else:
            self._report(token, f"mismatched input {self._shown(token)} expecting {kinds_text(mismatch.expected)}")
        self._attempt()
        if self._stuck_at == self.at and token.kind != EOF:
            self.at += 1
        self._stuck_at = self.at
        self._skip_to(self._recovery_set())

    def _after(self, kind: str) -> frozenset[str]:
        """What may follow `kind` where parsing stands."""
        if kind == ":":
            return UNARY
        if kind == EOF:
            return frozenset()
        return _AFTER_MEMBER | self.contexts[-1]

    def _recovery_set(self) -> frozenset[str]:
        return OPERATORS.union(*self.contexts, (EOF,))

    def _skip_to(self, wanted: frozenset[str]) -> None:
        start = self.at
        while self.kind not in wanted and self.kind != EOF:
            if self.at - start >= _MOST_SKIPPED:
                self.abandon(f"error recovery token lookahead limit exceeded: {_MOST_SKIPPED}")
            self.at += 1

    def _attempt(self) -> None:
        if self._recoveries == _MOST_RECOVERIES:
            message = f"error recovery attempt limit exceeded: {_MOST_RECOVERIES}"
            self.issues.report(self.issues.source.location(self.token.offset), f"Syntax error: {message}")
            raise Abandoned
        self._recoveries += 1

    def abandon(self, message: str) -> None:
        self.issues.report(NOWHERE, message)
        raise Abandoned

    def _report(self, token: Token, message: str) -> None:
        if not self._recovering:
            self._recovering = True
            self.issues.report(self.issues.source.location(token.offset), f"Syntax error: {message}")

    def _shown(self, token: Token) -> str:
        return f"'{shown(token.text)}'"
