"""Plugins are called in order and measured by name, the one that refuses apart."""

import asyncio

import pytest

from pilothouse.admission.interface import CREATE, Attributes
from pilothouse.admission.steps import ADMIT, Steps
from pilothouse.apimachinery.gvk import GroupResource, GroupVersionKind
from pilothouse.apimachinery.http import Context
from pilothouse.apimachinery.status import StatusError, bad_request
from pilothouse.observability.metrics import REGISTRY


def _count(name: str, rejected: str) -> str:
    labels = f'name="{name}",operation="CREATE",rejected="{rejected}",type="admit"'
    lead = f"apiserver_admission_controller_admission_duration_seconds_count{{{labels}}} "
    return next((line[len(lead):] for line in REGISTRY.render().decode().splitlines() if line.startswith(lead)), "0")


def test_the_one_that_refuses_ends_it() -> None:
    called: list[str] = []

    async def first(_: Attributes) -> None:
        called.append("first")

    async def second(_: Attributes) -> None:
        raise bad_request("no")

    async def third(_: Attributes) -> None:
        called.append("third")

    steps = Steps(ADMIT, CREATE, [("StepsFirst", first), ("StepsSecond", second), ("StepsThird", third)])
    with pytest.raises(StatusError):
        asyncio.run(steps(Attributes(Context(), CREATE, GroupVersionKind("", "v1", "Pod"), GroupResource("", "pods"))))
    assert called == ["first"]
    assert (_count("StepsFirst", "false"), _count("StepsSecond", "true")) == ("1", "1")
    assert (_count("StepsSecond", "false"), _count("StepsThird", "false")) == ("0", "0")
