import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from tests.apimachinery.webhook.support import serving

from pilothouse.apimachinery.webhook.caller import Caller, WebhookError
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig, load
from pilothouse.transport.pki import ensure


def written(tmp_path: Path, cluster: Any, user: Any = None, **rest: Any) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}], "current-context": "x",
    } | rest))
    return path


def test_what_a_file_says(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"CA")
    (tmp_path / "token").write_text("from-file\n")
    config = load(written(
        tmp_path, {"server": "https://a", "certificate-authority": "ca.pem", "tls-server-name": "b"},
        {"client-certificate-data": base64.b64encode(b"C").decode(), "tokenFile": "token"},
    ))
    assert (config.server, config.authority, config.server_name, config.certificate) == ("https://a", b"CA", "b", b"C")
    assert config.authorization() == "Bearer from-file"
    assert ClientConfig("x", username="a", password="b").authorization() == "Basic YTpi"
    assert ClientConfig("x").authorization() == ""
    assert "from-file" not in repr(config)


def test_one_cluster_needs_no_context(tmp_path: Path) -> None:
    path = written(tmp_path, {"server": "http://a"}, **{"current-context": "", "contexts": []})
    assert load(path).server == "http://a"


@pytest.mark.parametrize(
    ("cluster", "user", "rest", "text"),
    [
        ({}, None, {}, "no server found"),
        ({"server": "a"}, {"exec": {"command": "x"}}, {}, "exec of a user are not supported"),
        ({"server": "a"}, None, {"current-context": "other"}, "context was not found for specified context: other"),
        ({"server": "a", "certificate-authority-data": "?"}, None, {}, "certificate-authority-data is no base64"),
        ({"server": "a", "certificate-authority": "none.pem"}, None, {}, "no such file or directory"),
        ({"server": "a"}, None, {"clusters": 7}, "error loading config file"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, cluster: Any, user: Any, rest: Any, text: str) -> None:
    with pytest.raises(ValueError, match="kubeconfig") as e:
        load(written(tmp_path, cluster, user, **rest))
    assert text in str(e.value)


def test_tls_with_certificates_on_both_sides(tmp_path: Path) -> None:
    pki = ensure(tmp_path / "pki", names=[], addresses=["127.0.0.1"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pki.serving.certificate, pki.serving.key)
    server.load_verify_locations(pki.ca.certificate)
    server.verify_mode = ssl.CERT_REQUIRED

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    async def run() -> None:
        authority = pki.ca.certificate.read_bytes()
        certificate, key = pki.admin.certificate.read_bytes(), pki.admin.key.read_bytes()
        async with serving(answer, server) as url:
            caller = Caller(ClientConfig(url, authority, certificate=certificate, key=key))
            assert await caller.post(b"") == b"ok"
            await caller.close()
            stranger = Caller(ClientConfig(url, b"", certificate=certificate, key=key))
            with pytest.raises(WebhookError, match=r"(?i)certificate"):
                await stranger.post(b"")
            await stranger.close()

    asyncio.run(run())
