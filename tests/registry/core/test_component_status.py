import asyncio

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.core.component_status import get_component, list_components
from pilothouse.registry.rest import SubresourceCall
from tests.registry.cluster import context


def test_components() -> None:
    listed = asyncio.run(list_components(None, context(), SubresourceCall("list", "", "", None)))
    assert [item["metadata"]["name"] for item in listed["items"]] == ["controller-manager", "scheduler", "etcd-0"]
    one = asyncio.run(get_component(None, context(), SubresourceCall("get", "", "etcd-0", None)))
    assert one["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    with pytest.raises(StatusError, match="not found"):
        asyncio.run(get_component(None, context(), SubresourceCall("get", "", "x", None)))
