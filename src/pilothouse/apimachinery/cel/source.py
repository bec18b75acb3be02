"""The text of an expression, and errors with positions in it (cel-go common/source.go, error.go, errors.go)."""

from dataclasses import dataclass
from typing import Final

_MAX_REPORTED = 100
_MAX_SNIPPET = 16384


@dataclass(frozen=True, slots=True)
class Location:
    """`line` counts from one, `column` from zero, in characters."""

    line: int
    column: int


NOWHERE: Final = Location(-1, -1)


class Source:
    """One expression: offsets of characters to lines and columns."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        starts = [0]
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._starts = starts

    def location(self, offset: int) -> Location:
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            if self._starts[middle] <= offset:
                low = middle
            else:
                high = middle
        return Location(low + 1, offset - self._starts[low])

    def line(self, number: int) -> str | None:
        if not 1 <= number <= len(self._starts):
            return None
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end]


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong at a place of an expression."""

    location: Location
    message: str

    def render(self, source: Source) -> str:
        """As kube-apiserver shows it: `ERROR: <input>:1:6: …`, the line, and a caret."""
        line, column = self.location.line, self.location.column
        text = f"ERROR: <input>:{line}:{column + 1}: {self.message}"
        snippet = source.line(line)
        if snippet is None or len(snippet.encode("utf-8", "replace")) > _MAX_SNIPPET:
            return text
        snippet = snippet.replace("\t", " ")
        dots = "".join("." if ord(c) < 128 else "\uff0e" for c in snippet[: max(column, 0)])
        wide = 0 <= column < len(snippet) and ord(snippet[column]) >= 128
        return f"{text}\n | {snippet}\n | {dots}{chr(0xFF3E) if wide else '^'}"


class Issues:
    """Collects what is wrong with one expression; at most a hundred are told, as upstream does."""

    __slots__ = ("count", "found", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Issue] = []
        self.count = 0

    def report(self, location: Location, message: str) -> None:
        self.count += 1
        if self.count <= _MAX_REPORTED:
            self.found.append(Issue(location, message))

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        ordered = sorted(self.found, key=lambda issue: (issue.location.line, issue.location.column))
        lines = [issue.render(self.source) for issue in ordered]
        if self.count > _MAX_REPORTED:
            lines.append(f"{self.count - _MAX_REPORTED} more errors were truncated")
        return "\n".join(lines)


class CompileError(ValueError):
    """An expression that is no program. The text is cel-go's: one block for each issue.

    `issues` is empty when the expression is well-typed but cannot become a program (a constant that does not convert).
    """

    def __init__(self, text: str, issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(text)
        self.issues = issues
