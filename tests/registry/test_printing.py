import pytest

from pilothouse.registry import printing


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (3 * 3600 + 60, "3h1m"), (8 * 3600, "8h"), (47 * 3600, "47h"),
        (48 * 3600, "2d"), (49 * 3600, "2d1h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"),
        (731 * 86400, "2y1d"), (8 * 365 * 86400, "8y"),
    ],
)
def test_human_duration(seconds: int, text: str) -> None:
    assert printing.human_duration(seconds) == text


def test_shortened() -> None:
    assert printing.shortened(["a", "b"], 3) == "a,b"
    assert printing.shortened("abcde", 3) == "a,b,c + 2 more..."


def test_label_map_is_sorted() -> None:
    assert printing.label_map({"b": "2", "a": "1"}) == "a=1,b=2"
    assert printing.label_map({}) == "<none>"


def test_default_printer_shows_creation() -> None:
    obj = {"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}}
    assert printing.DEFAULT_PRINTER.cells(obj, 0.0) == ["x", "2026-01-01T00:00:00Z"]
    assert [c.name for c in printing.DEFAULT_PRINTER.columns] == ["Name", "Created At"]
