"""The table."""

from dataclasses import dataclass


@dataclass
class Result:
    """One line. `value` and `yardstick` are in `unit`; `ratio` is value / yardstick where a yardstick was measured next
    to it."""

    name: str
    value: float = 0.0
    unit: str = ""
    yardstick: float | None = None
    ratio: float | None = None
    note: str = ""
    error: str = ""


def render(result: Result | None) -> str:
    """One row, or the heading for None."""
    if result is None:
        return f"{'':34}{'measured':>12} {'unit':10}{'yardstick':>11}{'ratio':>8}  "
    if result.error:
        return f"{result.name:34}FAILED: {result.error}"
    unit = "/s" if result.unit.endswith("/s") else f" {result.unit}"
    yardstick = f"{result.yardstick:,.0f}{unit}" if result.yardstick is not None else ""
    ratio = f"{result.ratio:.3f}" if result.ratio is not None else ""
    value = f"{result.value:,.0f}" if result.value >= 100 else f"{result.value:.2f}"
    return f"{result.name:34}{value:>12} {result.unit:10}{yardstick:>11}{ratio:>8}  {result.note}".rstrip()
