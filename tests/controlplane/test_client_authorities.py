"""Files of authorities that change."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from pilothouse.controlplane.client_authorities import ClientAuthorities
from pilothouse.transport import certificates

NOW = time.time()
OWN, FIRST, SECOND = (certificates.authority(NOW, NOW + 60, name)[0] for name in ("own", "first", "second"))


class Authenticator:
    def __init__(self) -> None:
        self.given: list[Sequence[bytes]] = []

    def set_authorities(self, authorities: Sequence[bytes]) -> None:
        if b"BEGIN CERTIFICATE" not in authorities[-1]:
            raise ValueError("no certificate")
        self.given.append(authorities)


def test_what_is_good_counts_and_what_is_bad_changes_nothing(tmp_path: Path) -> None:
    own, file = tmp_path / "own.crt", tmp_path / "ca.crt"
    own.write_bytes(OWN)
    file.write_bytes(FIRST)
    authenticator, told, trusted = Authenticator(), [], []
    authorities = ClientAuthorities("client-ca", [own, file], authenticator)
    authorities.trust = trusted.append

    async def changed() -> None:
        told.append(True)

    authorities.changed = changed

    async def test() -> None:
        await authorities.check()
        for bad in (b"", b" \n", b"nonsense"):
            file.write_bytes(bad)
            await authorities.check()
        file.unlink()
        await authorities.check()
        assert (authenticator.given, trusted, told) == ([], [], [])
        file.write_bytes(SECOND)
        await authorities.check()
        await authorities.check()
        assert (authenticator.given, trusted, told) == ([[OWN, SECOND]], [OWN + b"\n" + SECOND], [True])
        # back to what was there first: a change as well
        file.write_bytes(FIRST)
        await authorities.check()
        assert authenticator.given[-1] == [OWN, FIRST]

    asyncio.run(test())
