"""A stand-in OpenID issuer: discovery, keys and signed tokens, over TLS with an authority of its own."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from pilothouse.server.routes.openid import json_web_key
from pilothouse.transport import certificates

WELL_KNOWN = "/.well-known/openid-configuration"
Answer = tuple[int, dict[str, str], bytes]


def key_set(*keys: tuple[str, rsa.RSAPrivateKey]) -> bytes:
    return json.dumps({"keys": [{**json_web_key(key.public_key()), "kid": name} for name, key in keys]}).encode()


class StandInIssuer:
    """Serves `pages` (path → answer, or a function that makes one); `asked` are the requests' paths, in order.

    `posts` are functions from what is posted to a path to the answer, both JSON; for None the answer is a 400.
    """

    def __init__(self, directory: Path) -> None:
        now = time.time()
        pem, key = certificates.authority(now - 60, now + 3600)
        authority = certificates.load_authority(pem, key)
        self.ca = directory / "issuer-ca.crt"
        self.ca.write_bytes(pem)
        pair = certificates.serving(authority, ["localhost"], ["127.0.0.1"], now - 60, now + 3600)
        files = [directory / "issuer.crt", directory / "issuer.key"]
        for file, content in zip(files, pair, strict=True):
            file.write_bytes(content)
        self.key = rsa.generate_private_key(65537, 2048)
        self.pages: dict[str, Answer | Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.posts: dict[str, Callable[[Any], Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.serve()

    def serve(self) -> None:
        """The usual documents."""
        self.page(WELL_KNOWN, {"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        self.pages["/keys"] = (200, {}, key_set(("k1", self.key)))

    def page(self, path: str, value: Any) -> None:
        self.pages[path] = (200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def kubeconfig(self, path: str) -> Path:
        """A file that says that a webhook is at `path` here."""
        file = self.ca.with_name(f"{path.strip('/')}.kubeconfig")
        cluster = {"server": self.url + path, "certificate-authority": str(self.ca)}
        file.write_text(json.dumps({
            "clusters": [{"name": "c", "cluster": cluster}], "users": [],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": ""}}], "current-context": "x",
        }))
        return file

    def sign(self, key: rsa.RSAPrivateKey | None = None, kid: str = "k1", **claims: Any) -> str:
        now = int(time.time())
        payload = {"iss": self.url, "aud": "client", "sub": "jane", "iat": now, "exp": now + 600, **claims}
        return jwt.encode(payload, key or self.key, "RS256", {"kid": kid})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                found = issuer.pages.get(self.path, (404, {}, b"nothing here"))
                code, headers, body = found() if callable(found) else found
                self.send_response(code)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                found = issuer.posts[self.path.partition("?")[0]](body)
                answer = json.dumps(found).encode()
                self.send_response(400 if found is None else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None: ...

        return Handler

    def __enter__(self) -> "StandInIssuer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
