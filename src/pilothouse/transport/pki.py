"""Certificates and keys that the server makes for itself on its first start, and uses again afterwards.

In the directory (`pki` in --data-dir), keys with mode 0600:
- `ca.crt`, `ca.key`: the authority of the other two; ten years;
- `apiserver.crt`, `apiserver.key`: the serving certificate; one year (may lie in --cert-dir instead);
- `admin.crt`, `admin.key`: the administrator's client certificate (kubernetes-admin in system:masters); one year;
- `front-proxy-ca.crt`, `front-proxy-ca.key`: the authority of front proxies, whose headers name users; ten years;
- `front-proxy-client.crt`, `front-proxy-client.key`: what this server shows to extension API servers; one year;
- `sa.key`, `sa.pub`: the RSA pair that signs service account tokens, as upstream's RS256 wants;
- `index.json`: until when and for which names the certificates hold. It is there so that a start with
  nothing to make does not have to load the x509 library, which alone costs a tenth of the start's budget.
A certificate is made anew when it has less than 30 days left, when its authority was, or when it lacks a name.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY = 86400
FRONT_PROXY = "front-proxy-client"
"""The common name of our front proxy certificate."""
CA_SECONDS = 3650 * DAY
LEAF_SECONDS = 365 * DAY
RENEW_SECONDS = 30 * DAY


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (or public key) and its private key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class PKI:
    directory: Path
    serving_directory: Path

    @property
    def ca(self) -> Pair:
        return Pair(self.directory / "ca.crt", self.directory / "ca.key")

    @property
    def serving(self) -> Pair:
        return Pair(self.serving_directory / "apiserver.crt", self.serving_directory / "apiserver.key")

    @property
    def admin(self) -> Pair:
        return Pair(self.directory / "admin.crt", self.directory / "admin.key")

    @property
    def front_proxy_ca(self) -> Pair:
        return Pair(self.directory / "front-proxy-ca.crt", self.directory / "front-proxy-ca.key")

    @property
    def front_proxy(self) -> Pair:
        return Pair(self.directory / "front-proxy-client.crt", self.directory / "front-proxy-client.key")

    @property
    def service_account(self) -> Pair:
        return Pair(self.directory / "sa.pub", self.directory / "sa.key")


def ensure(
    directory: Path,
    *,
    names: Sequence[str],
    addresses: Sequence[str],
    serving_directory: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> PKI:
    """Make what is missing or runs out. `names` (DNS) and `addresses` (IP) are the serving certificate's.

    Blocks for some milliseconds when there is something to make. Raises OSError when it cannot be kept.
    """
    pki = PKI(directory, serving_directory or directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    pki.serving_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    index = _read_index(directory)
    now = clock()
    wanted = [*names, *addresses]
    made_ca = not _holds(index.get("ca"), pki.ca, now, [])
    made_proxy_ca = not _holds(index.get("front-proxy-ca"), pki.front_proxy_ca, now, [])
    need_serving = made_ca or not _holds(index.get("apiserver"), pki.serving, now, wanted)
    need_admin = made_ca or not _holds(index.get("admin"), pki.admin, now, [])
    need_proxy = made_proxy_ca or not _holds(index.get("front-proxy-client"), pki.front_proxy, now, [])
    if not (need_serving or need_admin or need_proxy):
        return pki
    from pilothouse.transport import certificates

    for made, name, pair in ((made_ca, "ca", pki.ca), (made_proxy_ca, "front-proxy-ca", pki.front_proxy_ca)):
        if made:
            write_pair(pair, *certificates.authority(now, now + CA_SECONDS, f"pilothouse-{name}"))
            index[name] = {"not_after": now + CA_SECONDS}
    ca = certificates.load_authority(pki.ca.certificate.read_bytes(), pki.ca.key.read_bytes())
    until = min(now + LEAF_SECONDS, index["ca"]["not_after"])
    if need_serving:
        write_pair(pki.serving, *certificates.serving(ca, names, addresses, now, until))
        index["apiserver"] = {"not_after": until, "names": wanted, "file": str(pki.serving.certificate)}
    if need_admin:
        write_pair(pki.admin, *certificates.client(ca, "kubernetes-admin", ["system:masters"], now, until))
        index["admin"] = {"not_after": until}
    if need_proxy:
        proxies = pki.front_proxy_ca
        ca = certificates.load_authority(proxies.certificate.read_bytes(), proxies.key.read_bytes())
        until = min(now + LEAF_SECONDS, index["front-proxy-ca"]["not_after"])
        write_pair(pki.front_proxy, *certificates.client(ca, FRONT_PROXY, [], now, until))
        index["front-proxy-client"] = {"not_after": until}
    write_file(directory / "index.json", json.dumps(index, indent=1).encode(), 0o600)
    return pki


def ensure_service_account_key(pki: PKI) -> Pair:
    """The service accounts' pair, made when it is not there. Takes about 50 ms then, without the GIL: use a thread."""
    pair = pki.service_account
    if not (pair.certificate.exists() and pair.key.exists()):
        from pilothouse.transport import certificates

        pki.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_pair(pair, *certificates.rsa_pair())
    return pair


def write_pair(pair: Pair, certificate: bytes, key: bytes) -> None:
    """Both files, the key first: a certificate never stands there without its key."""
    write_file(pair.key, key, 0o600)
    write_file(pair.certificate, certificate, 0o644)


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write `path` in one step, so that nobody ever reads half of it, and never with a wider mode than `mode`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def _read_index(directory: Path) -> dict[str, Any]:
    try:
        index = json.loads((directory / "index.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return index if isinstance(index, dict) else {}


def _holds(entry: Any, pair: Pair, now: float, names: Sequence[str]) -> bool:
    return (
        isinstance(entry, dict)
        and float(entry.get("not_after", 0)) - now > RENEW_SECONDS
        and set(names) <= set(entry.get("names", []))
        and entry.get("file", str(pair.certificate)) == str(pair.certificate)
        and pair.certificate.exists() and pair.key.exists()
    )
