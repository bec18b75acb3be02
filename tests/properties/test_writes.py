"""Nothing that a client writes makes the server fail: every answer is an object or a Status that says why not."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.endpoints.support import ALL_VERSIONS, api
from tests.properties.valid import Object
from tests.properties.writes import Writer, seeded, services

#: Refusals that kube-apiserver answers with 500, as it does not expect them (an apply that does not fit the type is
#: refused by the merge, a version that is no number by the storage).
_REFUSED_WITH_500 = (
    "failed to create typed patch object", "failed to create typed live object", "failed to merge config",
    "strconv.ParseUint: parsing", "json: cannot unmarshal", "parsing time", "Time.MarshalJSON: year outside of range",
    "quantities must match the regular expression", "illegal base64 data", "unable to find api field in struct",
    "does not contain declared merge key", "list element types are not identical", "target.", "[target.",
    "time: ", "expected pattern", "unable to parse quantity",
    "resourceVersion should not be set on objects to be created",
    "Internal error occurred: failed to allocate requested HealthCheck NodePort",
)
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
    return message.startswith(_REFUSED_WITH_500) or "does not contain declared merge key" in message
