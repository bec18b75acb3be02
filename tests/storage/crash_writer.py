"""Run by test_crash.py: eight writers on a SQLite store, each telling every acknowledged write, until killed."""

import asyncio
import hashlib
import os
import sys

from pilothouse.storage.sqlite import SQLiteBackend
from pilothouse.storage.storage import Storage
from tests.storage.support import PREFIX, index, key, obj


async def write(storage: Storage, writer: int) -> None:
    cacher = storage.cacher(PREFIX, index)
    step = storage.revision
    while True:
        step += 1
        name = f"{writer}-{step % 5}"
        filler = hashlib.sha256(f"{name} {step}".encode()).hexdigest() * (1 + step % 50)
        wanted = obj(name, step=str(step), filler=filler, digest=hashlib.sha256(filler.encode()).hexdigest())
        current = cacher.newest(key(name))
        if current is None:
            item = await cacher.create(key(name), wanted)
        elif step % 7:
            item = await cacher.update(key(name), wanted, current)
        else:
            item = await cacher.delete(key(name), current)
            step = -step
        os.write(1, f"{writer} {name} {item.revision} {step}\n".encode())
        step = abs(step)


async def main(path: str) -> None:
    storage = Storage(SQLiteBackend(path), history_seconds=0.2, tick_seconds=0.02)
    storage.cacher(PREFIX, index)
    await storage.start()
    await asyncio.gather(*(write(storage, writer) for writer in range(8)))


asyncio.run(main(sys.argv[1]))
