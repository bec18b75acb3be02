"""Many clients that ask again as soon as they are answered: `python greedy_clients.py PORT CA TOKEN PATH N SECONDS`.

Prints one JSON object: how many answers there were by status; "broken" counts connections that failed.
"""

import asyncio
import json
import ssl
import sys
import time
from collections import Counter

import uvloop


async def client(port: int, tls: ssl.SSLContext, request: bytes, until: float, counts: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, limit=1 << 22)
    try:
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            counts[head.split(b" ", 2)[1].decode()] += 1
            if b"retry-after" in lower:
                await asyncio.sleep(0.1)
    except (OSError, asyncio.IncompleteReadError):
        counts["broken"] += 1
    finally:
        writer.close()


async def main(port: int, ca: str, token: str, path: str, clients: int, seconds: float) -> None:
    tls = ssl.create_default_context(cafile=ca)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    counts: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(*(client(port, tls, request, until, counts) for _ in range(clients)))
    print(json.dumps(counts))


if __name__ == "__main__":
    uvloop.run(main(
        int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), float(sys.argv[6])
    ))
