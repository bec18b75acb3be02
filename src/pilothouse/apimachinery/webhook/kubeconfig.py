"""Webhooks that a kubeconfig file describes: audit, token and access reviews (upstream: pkg/util/webhook).

The file's current context says whom to call and with which credentials. What is not supported in it is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pilothouse.apimachinery.codec import yaml

_UNSUPPORTED = ("exec", "auth-provider", "as", "as-groups", "as-uid", "as-user-extra")


@dataclass(frozen=True, slots=True, repr=False)
class ClientConfig:
    """Whom to call, and how. `certificate` and `key` are PEM; `token_file` is read again for every call."""

    server: str
    authority: bytes = b""
    """PEM of who signed the server's certificate; empty for the system's own list."""
    insecure: bool = False
    server_name: str = ""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    proxy: str = ""

    def authorization(self) -> str:
        """The Authorization header, or "". Raises OSError."""
        if self.token_file:
            return f"Bearer {Path(self.token_file).read_text().strip()}"
        if self.token:
            return f"Bearer {self.token}"
        if self.username:
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return ""

    def tls(self) -> ssl.SSLContext | None:
        """None for plain HTTP. Raises OSError (ssl.SSLError) for certificates that cannot be used."""
        if urlsplit(self.server).scheme != "https":
            return None
        context = ssl.create_default_context(cadata=self.authority.decode() if self.authority else None)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            _load_pair(context, self.certificate, self.key)
        return context


def load(path: Path) -> ClientConfig:
    """Raises ValueError, which names the file, for one that cannot be used."""
    try:
        document = yaml.loads(path.read_bytes())
        if not isinstance(document, dict):
            raise ValueError("the document is no object")
        return _resolve(document, path.parent)
    except OSError as e:
        raise ValueError(f"stat {path}: {(e.strerror or str(e)).lower()}") from None
    except yaml.YAMLError as e:
        raise ValueError(f"error loading config file {path}: {e}") from None
    except (ValueError, TypeError, AttributeError) as e:
        raise ValueError(f"error loading config file {path}: {e}") from None


def _resolve(document: Mapping[str, Any], folder: Path) -> ClientConfig:
    current = document.get("current-context") or ""
    context = _named(document, "contexts", "context", current) if current else {}
    if current and context is None:
        raise ValueError(f'context was not found for specified context: {current}')
    clusters = document.get("clusters") or []
    cluster = _named(document, "clusters", "cluster", (context or {}).get("cluster") or "")
    if cluster is None and not current and len(clusters) == 1:
        cluster = clusters[0].get("cluster")
    if not cluster or not cluster.get("server"):
        raise ValueError("invalid configuration: no server found for the current context")
    user = _named(document, "users", "user", (context or {}).get("user") or "") or {}
    if unsupported := [name for name in _UNSUPPORTED if user.get(name)]:
        raise ValueError(f"{', '.join(unsupported)} of a user are not supported by Pilothouse")
    return ClientConfig(
        server=str(cluster["server"]), authority=_content(cluster, "certificate-authority", folder),
        insecure=bool(cluster.get("insecure-skip-tls-verify")), server_name=str(cluster.get("tls-server-name") or ""),
        certificate=_content(user, "client-certificate", folder), key=_content(user, "client-key", folder),
        token=str(user.get("token") or ""),
        token_file=str(folder / user["tokenFile"]) if user.get("tokenFile") else "",
        username=str(user.get("username") or ""), password=str(user.get("password") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
    )


def _named(document: Mapping[str, Any], plural: str, singular: str, name: str) -> Mapping[str, Any] | None:
    for entry in document.get(plural) or ():
        if entry.get("name") == name:
            found: Mapping[str, Any] = entry.get(singular) or {}
            return found
    return None


def _content(holder: Mapping[str, Any], name: str, folder: Path) -> bytes:
    """What stands in NAME-data, or in the file that NAME names (relative to the kubeconfig)."""
    data = holder.get(f"{name}-data")
    if data:
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"{name}-data is no base64") from None
    file = holder.get(name)
    return (folder / file).read_bytes() if file else b""


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads certificates of its own from files only; this one lives as long as the call."""
    handle, name = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate + b"\n" + key)
        context.load_cert_chain(name)
    finally:
        os.unlink(name)
