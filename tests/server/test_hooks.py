"""Hooks and what becomes of their errors."""

import asyncio
from typing import Any

import pytest

from pilothouse.server.hooks import HookError, PostStart


def test_an_error_in_a_group_of_tasks_is_told_itself() -> None:
    async def fail() -> None:
        raise OSError("no space")

    async def hook(context: Any) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    with pytest.raises(HookError, match=r'^PostStartHook "bad" failed: no space$'):
        asyncio.run(PostStart("bad", hook).run(None))  # type: ignore[arg-type]
