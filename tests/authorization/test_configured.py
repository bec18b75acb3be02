import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.apimachinery.webhook.support import serving

from pilothouse.apimachinery.user import User
from pilothouse.authorization.configured import ReloadingAuthorizer, build
from pilothouse.authorization.configvalidation import load_valid
from pilothouse.authorization.factory import Parts
from pilothouse.authorization.instrumented import DecisionMetrics
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.observability.configmetrics import ConfigurationMetrics
from pilothouse.observability.metrics import Registry

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"
EVERYBODY = "- {type: AlwaysAllow, name: alwaysallow}\n"
NOBODY = "- {type: AlwaysDeny, name: alwaysdeny}\n"
GET = Attributes(User("alice"), "get", resource="pods", namespace="ns")
METRIC = "apiserver_authorization_config_controller"


def webhook(kubeconfig: Path, *, policy: str = "Deny", conditions: str = "[]") -> str:
    return f"""
- type: Webhook
  name: hook
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: {policy}
    connectionInfo: {{type: KubeConfigFile, kubeConfigFile: {kubeconfig}}}
    matchConditions: {conditions}
"""


class World:
    """A configuration file that is followed, and a webhook that a test answers for."""

    def __init__(self, path: Path, kubeconfig: Path) -> None:
        self.path = path
        self.kubeconfig = kubeconfig
        self.registry = Registry()
        self.now = 0.0
        self.reviews: list[Any] = []
        self.status: dict[str, Any] = {"allowed": True}
        self.authorizer: ReloadingAuthorizer

    def begin(self, authorizers: str) -> None:
        self.write(authorizers)
        data = self.path.read_bytes()
        self.authorizer = ReloadingAuthorizer(
            self.path, data, load_valid(data), Parts(metrics=DecisionMetrics(self.registry), rbac=None),
            ConfigurationMetrics("authorization", "server", self.registry, lambda: 7.0), lambda: self.now,
        )

    def write(self, authorizers: str) -> None:
        self.path.write_text(HEAD + authorizers)

    async def reload(self, authorizers: str) -> None:
        self.write(authorizers)
        await self.authorizer.check()

    async def ask(self, attributes: Attributes = GET) -> tuple[Decision, str]:
        return await self.authorizer.authorize(attributes)

    def count(self, status: str) -> int:
        return int(self._metric(f"{METRIC}_automatic_reloads_total{{", f'status="{status}"') or 0)

    def _metric(self, start: str, label: str) -> str:
        lines = self.registry.render().decode().splitlines()
        return next((line.split()[-1] for line in lines if line.startswith(start) and label in line), "")

    async def answer(self, request: web.Request) -> web.Response:
        self.reviews.append(await request.json())
        return web.json_response({"status": self.status})


@contextlib.asynccontextmanager
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "authorization.yaml", tmp_path / "kubeconfig")
    async with serving(made.answer) as url:
        made.kubeconfig.write_text(
            "clusters: [{name: c, cluster: {server: '" + url + "'}}]\ncontexts: [{name: c, context: {cluster: c}}]\n"
            "current-context: c\n"
        )
        yield made
        await made.authorizer.close()


def test_a_good_file_replaces_the_old_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as w:
            w.begin(EVERYBODY)
            assert await w.ask() == (Decision.ALLOW, "")
            assert w.authorizer.rules_for(GET.user, "ns").resource_rules
            await w.reload(NOBODY + EVERYBODY)
            await w.authorizer.check()
            assert (w.count("success"), w.count("failure")) == (1, 0)
            await w.reload(f"# the same\n{NOBODY}{EVERYBODY}")
            assert w.count("success") == 1

    asyncio.run(main())


@pytest.mark.parametrize("bad", [
    NOBODY, "oops", "- {type: RBAC, name: rbac}\n" + EVERYBODY, EVERYBODY + "- {type: Webhook, name: x}\n",
])
def test_a_bad_file_changes_nothing(tmp_path: Path, bad: str) -> None:
    async def main() -> None:
        async with world(tmp_path) as w:
            w.begin(EVERYBODY)
            await w.reload(bad)
            await w.authorizer.check()
            assert await w.ask() == (Decision.ALLOW, "")
            # once for each new content
            assert (w.count("success"), w.count("failure")) == (0, 1)
            await w.reload(NOBODY + EVERYBODY)
            assert w.count("success") == 1

    asyncio.run(main())


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as w:
            w.begin(EVERYBODY)
            os.unlink(w.path)
            await w.authorizer.check()
            assert (await w.ask(), w.count("failure")) == ((Decision.ALLOW, ""), 1)

    asyncio.run(main())


def test_the_configuration_in_force_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as w:
            w.begin(EVERYBODY)
            first = w.registry.render().decode()
            await w.reload(NOBODY + EVERYBODY)
            second = w.registry.render().decode()
        server = "sha256:b3eacd33433b31b5252351032c9b3e7a2e7aa7738d5decdf0dd6c62680853c06"
        assert first.count(f'{METRIC}_last_config_info{{apiserver_id_hash="{server}",hash="sha256:') == 1
        assert second.count(f"{METRIC}_last_config_info{{") == 1
        labels = f'apiserver_id_hash="{server}",status="success"'
        assert f"{METRIC}_automatic_reload_last_timestamp_seconds{{{labels}}} 7\n" in second

    asyncio.run(main())


def test_webhooks_with_conditions(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as w:
            condition = "[{expression: \"request.resourceAttributes.namespace == 'ns'\"}]"
            w.begin(webhook(w.kubeconfig, conditions=condition))
            assert await w.ask() == (Decision.ALLOW, "")
            assert (w.reviews[0]["apiVersion"], w.reviews[0]["spec"]["user"]) == ("authorization.k8s.io/v1", "alice")
            other = Attributes(GET.user, "get", resource="pods", namespace="other")
            assert await w.ask(other) == (Decision.NO_OPINION, "")
            assert len(w.reviews) == 1
            path = Attributes(GET.user, "get", is_resource_request=False, path="/healthz")
            with pytest.raises(AuthorizationError, match="no such key: resourceAttributes"):
                await w.ask(path)
            await w.reload(webhook(w.kubeconfig, policy="NoOpinion", conditions=condition) + EVERYBODY)
            assert w.count("failure") == 0
            assert await w.ask(path) == (Decision.ALLOW, "")
            # connections of the old one are closed when those that wait for it are done
            w.now = 61.0
            await w.authorizer.check()
            w.status = {"denied": True, "reason": "no"}
            assert await w.ask(Attributes(User("bob"), "get", resource="pods", namespace="ns")) == (Decision.DENY, "no")

    asyncio.run(main())


def test_webhooks_of_a_kubeconfig_that_cannot_be_used(tmp_path: Path) -> None:
    bad = tmp_path / "kubeconfig"
    bad.write_text("{}")
    with pytest.raises(ValueError, match="no server found"):
        build(load_valid((HEAD + webhook(bad)).encode()), Parts())
    in_cluster = webhook(bad).replace(f"{{type: KubeConfigFile, kubeConfigFile: {bad}}}", "{type: InClusterConfig}")
    with pytest.raises(ValueError, match="InClusterConfig is not allowed"):
        build(load_valid((HEAD + in_cluster).encode()), Parts())
