"""pytest fixtures: `pytest_plugins = ["pilothouse.testing.plugin"]` in a conftest.py.

- `pilothouse_server`: one API server for the whole session;
- `pilothouse_namespace`: a fresh namespace's name on it.
"""

from __future__ import annotations

import json
import ssl
import urllib.request
import uuid
from collections.abc import Iterator

import pytest

from pilothouse.testing.server import TestServer


@pytest.fixture(scope="session")
def pilothouse_server() -> Iterator[TestServer]:
    with TestServer(["--storage-backend=memory"]) as server:
        yield server


@pytest.fixture
def pilothouse_namespace(pilothouse_server: TestServer) -> str:
    name = f"test-{uuid.uuid4().hex[:10]}"
    request = urllib.request.Request(
        f"{pilothouse_server.url}/api/v1/namespaces",
        data=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).encode(),
        headers={"Authorization": f"Bearer {pilothouse_server.token}", "Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=str(pilothouse_server.ca_file))
    with urllib.request.urlopen(request, timeout=10, context=context):
        return name
