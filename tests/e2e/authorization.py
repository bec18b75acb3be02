"""What tests of authorization need: a client with a token, and a webhook."""

import contextlib
import http.server
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pilothouse.testing.server import TestServer

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"


class Client:
    """JSON over HTTPS with a bearer token."""

    def __init__(self, server: TestServer, token: str) -> None:
        self._server = server
        self._token = token
        self._context = ssl.create_default_context(cafile=str(server.ca_file))

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        code, text = self.text(method, path, body)
        return code, json.loads(text)

    def text(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        request = urllib.request.Request(
            self._server.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, context=self._context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


class Hook:
    """A webhook. `decide` gives the status for a review's spec, or the HTTP status of a failure; `users` are those it
    was asked about."""

    def __init__(self, decide: Callable[[Any], dict[str, Any] | int]) -> None:
        self.users: list[str] = []
        self.url = ""
        self._decide = decide

    def answer(self, review: Any) -> tuple[int, bytes]:
        self.users.append(review["spec"]["user"])
        decided = self._decide(review["spec"])
        if isinstance(decided, int):
            return decided, b""
        return 200, json.dumps({**review, "status": decided}).encode()

    def kubeconfig(self, file: Path) -> Path:
        """Written to `file`."""
        file.write_text(json.dumps({
            "clusters": [{"name": "c", "cluster": {"server": self.url}}], "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        }))
        return file


@contextlib.contextmanager
def serving(hook: Hook) -> Iterator[Hook]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            code, body = hook.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def webhook(kubeconfig: Path, *conditions: str, name: str = "hook", policy: str = "NoOpinion") -> str:
    """An entry of a configuration file's authorizers."""
    expressions = json.dumps([{"expression": expression} for expression in conditions])
    return f"""
- type: Webhook
  name: {name}
  webhook:
    timeout: 3s
    authorizedTTL: 1s
    unauthorizedTTL: 1s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: {policy}
    connectionInfo: {{type: KubeConfigFile, kubeConfigFile: {kubeconfig}}}
    matchConditions: {expressions}
"""
