from dataclasses import replace

import pytest

from pilothouse.apimachinery.status import StatusError
from pilothouse.registry.rest import Strategy, WriteOptions
from pilothouse.registry.statuswriter import StatusWriter
from pilothouse.registry.store import Store, decode
from tests.registry.support import NOW_TEXT, config_maps, context, run


class WithStatus(Strategy):
    status_fields = ("status",)


def test_the_server_owns_what_it_writes() -> None:
    async def test(store: Store) -> None:
        managed = [{
            "manager": "m", "operation": "Update", "apiVersion": "v1", "time": NOW_TEXT, "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:hard": {".": {}, "f:pods": {}}}},
        }]
        spec = {"hard": {"pods": "1"}}
        item = await store.create(
            context(), "ns", {"metadata": {"name": "q", "managedFields": managed}, "spec": spec}, WriteOptions()
        )
        read = decode(item)
        write = StatusWriter(store)
        await write({**read, "status": {"used": {"pods": "1"}}})
        written = decode(await store.get(context(), "ns", "q"))
        assert (written["spec"], written["status"]) == (spec, {"used": {"pods": "1"}})
        owners = {(e["manager"], e.get("subresource")) for e in written["metadata"]["managedFields"]}
        assert owners == {("m", None), ("kube-apiserver", "status")}
        with pytest.raises(StatusError) as e:
            await write({**read, "status": {}})
        assert e.value.code == 409

    quotas = replace(
        config_maps(WithStatus()), kind="ResourceQuota", name="resourcequotas", singular="resourcequota",
        storage_prefix="resourcequotas",
    )
    run(test, quotas)
