"""CSV as Go's encoding/csv reads it, with its errors: stricter about quotes than Python's."""

from collections.abc import Iterator


def records(text: str) -> Iterator[list[str]]:
    """The records of `text`; empty lines are none. Raises ValueError with Go's text for misplaced quotes."""
    lines = text.replace("\r\n", "\n").split("\n")
    rest = iter(enumerate(lines, 1))
    for number, line in rest:
        if not line:
            continue
        fields: list[str] = []
        start, at, current = number, 0, number
        while True:
            if not line.startswith('"', at):
                end = line.find(",", at)
                value = line[at:] if end < 0 else line[at:end]
                if '"' in value:
                    raise ValueError(_problem(start, current, at + value.index('"') + 1, 'bare " in non-quoted field'))
                fields.append(value)
                if end < 0:
                    break
                at = end + 1
                continue
            value, line, at, current = _quoted(rest, line, at + 1, start, current)
            fields.append(value)
            if at >= len(line):
                break
            if line[at] != ",":
                raise ValueError(_problem(start, current, at, 'extraneous or missing " in quoted-field'))
            at += 1
        yield fields


def _quoted(
    rest: Iterator[tuple[int, str]], line: str, at: int, start: int, current: int
) -> tuple[str, str, int, int]:
    """A quoted field from after its first quote: (value, line it ends on, place after the last quote, line number)."""
    value = ""
    while True:
        end = line.find('"', at)
        if end < 0:
            value += line[at:] + "\n"
            following = next(rest, None)
            if following is None:
                raise ValueError(_problem(start, current, len(line) + 1, 'extraneous or missing " in quoted-field'))
            current, line = following
            at = 0
        elif line.startswith('"', end + 1):
            value += line[at:end + 1]
            at = end + 2
        else:
            return value + line[at:end], line, end + 1, current


def _problem(start: int, line: int, column: int, text: str) -> str:
    if start != line:
        return f"record on line {start}; parse error on line {line}, column {column}: {text}"
    return f"parse error on line {line}, column {column}: {text}"
