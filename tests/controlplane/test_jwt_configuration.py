"""Issuers by flags, and a configuration file that is followed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilothouse.authentication.configuration import (
    AnonymousConfiguration,
    AuthenticationConfiguration,
    ClaimMapping,
    Issuer,
    JWTConfiguration,
    ValidationRule,
)
from pilothouse.controlplane.jwt_configuration import ConfigurationFile, configured, of_flags
from pilothouse.observability.configmetrics import ConfigurationMetrics
from pilothouse.observability.metrics import Registry
from pilothouse.options.options import Options

URL = "https://issuer.example"


def options(*flags: str) -> Any:
    return Options.parse([f"--oidc-issuer-url={URL}", "--oidc-client-id=c", *flags]).authentication


@pytest.mark.parametrize(("flags", "jwt"), [
    ([], JWTConfiguration(Issuer(URL, ("c",)), ClaimMapping("sub", prefix=f"{URL}#"))),
    (["--oidc-username-claim=email"], JWTConfiguration(Issuer(URL, ("c",)), ClaimMapping("email", prefix=""))),
    (["--oidc-username-prefix=-"], JWTConfiguration(Issuer(URL, ("c",)), ClaimMapping("sub", prefix=""))),
    (["--oidc-username-prefix=p:", "--oidc-groups-claim=g", "--oidc-required-claim=a=b"], JWTConfiguration(
        Issuer(URL, ("c",)), ClaimMapping("sub", prefix="p:"), groups=ClaimMapping("g", prefix=""),
        claim_rules=(ValidationRule("a", "b"),),
    )),
])
def test_flags(flags: list[str], jwt: JWTConfiguration) -> None:
    assert of_flags(options(*flags)).jwt == (jwt,)


def test_flags_that_are_wrong() -> None:
    with pytest.raises(ValueError, match=r'^oidc: unsupported signing alg: "HS256"$'):
        configured(options("--oidc-signing-algs=RS256,HS256"), ())
    with pytest.raises(ValueError, match=r"^invalid authentication configuration: jwt\[0\]\.issuer\.url: "):
        configured(options(), (URL,))
    assert configured(options(), ())[1] == ("RS256",)


class Issuers:
    def __init__(self) -> None:
        self.problem = ""
        self.updates: list[AuthenticationConfiguration] = []

    async def update(self, configuration: AuthenticationConfiguration) -> str:
        self.updates.append(configuration)
        return self.problem

    async def clear(self) -> None: ...


def text(url: str = URL, **more: Any) -> str:
    return yaml.safe_dump({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration", "jwt": [{
            "issuer": {"url": url, "audiences": ["c"]}, "claimMappings": {"username": {"claim": "sub", "prefix": ""}},
        }], **more,
    })


def test_a_file_that_changes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text(text())
    issuers, registry = Issuers(), Registry()
    file = ConfigurationFile(
        path, text(), None, issuers, ["https://own"],  # type: ignore[arg-type]
        ConfigurationMetrics("authentication", "server", registry),
    )

    def counts() -> tuple[int, int]:
        found = []
        for status in ("success", "failure"):
            lines = [line for line in registry.render().decode().splitlines()
                     if "reloads_total{" in line and f'status="{status}"' in line]
            found.append(int(lines[0].rsplit(" ", 1)[1]) if lines else 0)
        return found[0], found[1]

    async def check(content: str | None, wanted: tuple[int, int]) -> None:
        if content is None:
            path.unlink()
        else:
            path.write_text(content)
        await file.check()
        assert counts() == wanted

    async def test() -> None:
        await check(text(), (0, 0))
        await check(None, (0, 1))
        await check("nonsense", (0, 2))
        # what is wrong in itself is told once
        await check("nonsense", (0, 2))
        await check(text("http://x"), (0, 3))
        await check(text("https://own"), (0, 4))
        await check(text(anonymous={"enabled": True}), (0, 5))
        assert issuers.updates == []
        # issuers that do not answer may do so the next time
        issuers.problem = "not healthy"
        await check(text("https://new"), (0, 6))
        await check(text("https://new"), (0, 7))
        issuers.problem = ""
        await check(text("https://new"), (1, 7))
        await check(text("https://new"), (1, 7))
        assert len(issuers.updates) == 3

    asyncio.run(test())
    assert registry.render().decode().count("last_config_info{") == 1


def test_who_is_anonymous_does_not_change(tmp_path: Path) -> None:
    path = tmp_path / "f"
    issuers = Issuers()
    anonymous = AnonymousConfiguration(True, ("/livez",))
    kept = {"anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]}}
    file = ConfigurationFile(
        path, "", anonymous, issuers, [], ConfigurationMetrics("authentication", "server", Registry()),  # type: ignore[arg-type]
    )

    async def test() -> None:
        path.write_text(text())
        await file.check()
        assert issuers.updates == []
        path.write_text(text(**kept))
        await file.check()
        assert len(issuers.updates) == 1

    asyncio.run(test())
