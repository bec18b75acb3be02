"""Nothing that a client writes makes the server fail: every answer is an object or a Status that says why not."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.endpoints.support import ALL_VERSIONS, api
from tests.properties.valid import Object
from tests.properties.writes import Writer, seeded, services

#: Refusals that kube-apiserver answers with 500, since its code has no better word for them, and where it does so.
_REFUSED_WITH_500 = (
    # apimachinery/pkg/util/managedfields/internal/structuredmerge.go: an apply that does not fit its type
    "failed to create typed patch object (", "failed to create typed live object (", "failed to convert new object (",
    # structured-merge-diff merge/update.go
    "failed to merge config: ",
    # apiserver/pkg/storage/api_object_versioner.go: the resourceVersion of an update
    "strconv.ParseUint: parsing ",
    # apiserver/pkg/storage/errors.go
    "resourceVersion should not be set on objects to be created",
    # apimachinery/third_party/forked/golang/json/fields.go: strategic merges into what the type does not have
    "unable to find api field in struct ", "merging an object in json but data type is not struct, instead is: ",
    # apimachinery/pkg/util/strategicpatch/patch.go, meta.go
    "list element types are not identical: ", "expected slice or array type, but got: ",
    # apimachinery/pkg/util/mergepatch/errors.go, ErrBadArgType: a null among maps, or no list where one is merged
    "expected a map[string]interface {}, but received a ", "expected a []interface {}, but received a ",
    # pkg/registry/core/pod/storage/storage.go: what is wrong with a binding, one thing or several
    "target.", "[target.",
    # pkg/registry/core/service/storage/alloc.go
    "Internal error occurred: failed to allocate requested HealthCheck NodePort ",
)
#: apimachinery/pkg/util/mergepatch/errors.go: "map: %v does not contain declared merge key: %s"
_NO_MERGE_KEY = " does not contain declared merge key: "
_BATCH = 100


@pytest.mark.parametrize("seed", range(8))
def test_random_writes(seed: int) -> None:
    _write(seed, 150)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, 2**40))
def test_a_hundred_thousand_random_writes(seed: int) -> None:
    _write(seed, _BATCH)


def _write(seed: int, count: int) -> None:
    """`count` writes to a server of their own; writes of one seed are always the same."""

    async def run() -> None:
        async with api(services, ALL_VERSIONS) as server:
            writer = Writer(server)
            await writer.prepare()
            rng = seeded(seed)
            for _ in range(count):
                method, path, body, code, answer = await writer.write(rng)
                assert code < 500 or _expected(answer), f"{method} {path} {body} -> {answer}"

    asyncio.run(run())


def _expected(answer: Object) -> bool:
    message = answer["message"]
    return message.startswith(_REFUSED_WITH_500) or (message.startswith("map: ") and _NO_MERGE_KEY in message)
