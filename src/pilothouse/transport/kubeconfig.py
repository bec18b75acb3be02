"""The administrator's kubeconfig."""

import base64
import json
from pathlib import Path

from pilothouse.transport.pki import Pair, write_file


def write(path: Path, *, url: str, authorities: bytes, client: Pair, cluster: str = "pilothouse") -> None:
    """Write a kubeconfig (mode 0600) that reaches `url` with the client certificate `client`.

    `authorities` is PEM: whom the client trusts for the serving certificate. A file that already says the
    same is left alone. Raises OSError when it cannot be written.
    """
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": cluster,
            "cluster": {"certificate-authority-data": _base64(authorities), "server": url},
        }],
        "users": [{
            "name": "kubernetes-admin",
            "user": {
                "client-certificate-data": _base64(client.certificate.read_bytes()),
                "client-key-data": _base64(client.key.read_bytes()),
            },
        }],
        "contexts": [{
            "name": f"kubernetes-admin@{cluster}",
            "context": {"cluster": cluster, "user": "kubernetes-admin"},
        }],
        "current-context": f"kubernetes-admin@{cluster}",
    }
    # JSON is YAML; it spares the start the import of a YAML library.
    content = json.dumps(config, indent=2).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (path.exists() and path.stat().st_mode & 0o777 == 0o600 and path.read_bytes() == content):
        write_file(path, content, 0o600)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
