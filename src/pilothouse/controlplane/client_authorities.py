"""Files of authorities that sign clients' certificates, followed while the server runs (upstream: k8s.io/apiserver
pkg/server/dynamiccertificates).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from pilothouse.apimachinery.filewatch import watch
from pilothouse.observability.logging import log


class Verifying(Protocol):
    def set_authorities(self, authorities: Sequence[bytes]) -> None:
        """Verify certificates with these (PEM) from now on. Raises ValueError for what are none."""
        ...


class ClientAuthorities:
    """Gives `authenticator` the authorities in `files` when the last of them, which is somebody else's, changes.

    `trust` has the listening socket let their clients through, `changed` tells others. What cannot be read or is no
    certificate changes nothing.
    """

    def __init__(self, name: str, files: Sequence[Path], authenticator: Verifying) -> None:
        self._name = name
        self._files = tuple(files)
        self._authenticator = authenticator
        self._known = [file.read_bytes() for file in files]
        self.trust: Callable[[bytes], None] = lambda pem: None
        self.changed: Callable[[], Awaitable[None]] | None = None

    async def run(self) -> None:
        await watch(self._files[-1], self.check)

    async def check(self) -> None:
        try:
            found = [await asyncio.to_thread(file.read_bytes) for file in self._files]
            if found == self._known:
                return
            if not found[-1].strip():
                raise ValueError(f'missing content for CA bundle "{self._name}"')
            # loads the x509 library, and parses
            await asyncio.to_thread(self._authenticator.set_authorities, found)
            self.trust(b"\n".join(found))
        except (OSError, ValueError) as error:
            log.error(f'error reloading CA bundle "{self._name}": {error}')
            return
        self._known = found
        log.info("Loaded a new CA Bundle and Verifier", name=self._name)
        if self.changed is not None:
            await self.changed()
