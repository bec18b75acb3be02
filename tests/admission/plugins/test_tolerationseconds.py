from typing import Any

import pytest

from tests.admission.support import PODS, World, pod, run

NOT_READY = {
    "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300
}
UNREACHABLE = {**NOT_READY, "key": "node.kubernetes.io/unreachable"}


@pytest.mark.parametrize(("given", "wanted"), [
    ([], [NOT_READY, UNREACHABLE]),
    ([{"operator": "Exists"}], [{"operator": "Exists"}]),
    ([{"key": NOT_READY["key"]}], [{"key": NOT_READY["key"]}, UNREACHABLE]),
    (
        [{"key": NOT_READY["key"], "effect": "NoSchedule"}],
        [{"key": NOT_READY["key"], "effect": "NoSchedule"}, NOT_READY, UNREACHABLE],
    ),
])
def test_default_toleration_seconds(given: list[Any], wanted: list[Any]) -> None:
    async def test(world: World) -> None:
        assert (await world.admit(PODS, pod(tolerations=given)))["spec"]["tolerations"] == wanted

    run(test)
