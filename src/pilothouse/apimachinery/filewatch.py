"""Configuration files that may change while the server runs (upstream: pkg/util/filesystem WatchUntil,
dynamiccertificates).

    await watch(Path("ca.crt"), reload)      # until it is cancelled
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from pilothouse.observability.logging import log

POLL_SECONDS = 1.0
RESYNC_SECONDS = 60.0

Signature = tuple[int, int, int] | None


async def watch(
    path: Path, changed: Callable[[], Awaitable[None]], *, poll: float = POLL_SECONDS, resync: float = RESYNC_SECONDS,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call `changed` at once, whenever the file has changed, and every `resync` seconds all the same. Never returns.

    A file that is replaced as a whole, also through symbolic links, is seen; one that is gone for a while is waited
    for. `changed` reads the file itself, and should not raise: it would be a bug, which is logged.
    """
    known, waited = await asyncio.to_thread(signature, path), 0.0
    await _call(changed, path)
    while True:
        await sleep(poll)
        waited += poll
        found = await asyncio.to_thread(signature, path)
        if found != known or waited >= resync:
            known, waited = found, 0.0
            await _call(changed, path)


async def _call(changed: Callable[[], Awaitable[None]], path: Path) -> None:
    try:
        await changed()
    except Exception as error:
        log.exception("A file that may have changed was not read", error, path=str(path))


def signature(path: Path) -> Signature:
    """What differs when a file's content does: its inode, size and time of change; None for a file that is not
    there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
