"""Files that change."""

import asyncio
import os
from pathlib import Path

import pytest

from pilothouse.apimachinery.filewatch import watch


class _EndOfTest(Exception): ...


def test_what_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("one")
    seen: list[str] = []

    async def changed() -> None:
        seen.append(file.read_text() if file.exists() else "-")

    def replace(text: str) -> None:
        (tmp_path / "new").write_text(text)
        os.replace(tmp_path / "new", file)

    def link(text: str) -> None:
        (tmp_path / text).write_text(text)
        file.unlink(missing_ok=True)
        file.symlink_to(tmp_path / text)

    steps = iter([
        lambda: None, lambda: replace("two"), lambda: None, file.unlink, lambda: link("three"),
        lambda: None, lambda: None, lambda: None,
    ])

    async def sleep(seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise _EndOfTest
        step()

    with pytest.raises(_EndOfTest):
        asyncio.run(watch(file, changed, poll=1.0, resync=3.0, sleep=sleep))
    assert seen == ["one", "two", "-", "three", "three"]
