import asyncio

from tests.audit.support import Kept, event

from pilothouse.audit.union import IgnoringErrors, UnionBackend


def test_every_backend_gets_every_event() -> None:
    good, bad = Kept(), Kept(works=False)
    union = UnionBackend([bad, good])
    union.start()
    assert not asyncio.run(union.process([event()]))
    asyncio.run(union.stop())
    assert len(good.events) == len(bad.events) == 1
    assert good.running == bad.running == ["start", "stop"]


def test_errors_that_do_not_count() -> None:
    bad = Kept(works=False)
    backend = IgnoringErrors(bad)
    backend.start()
    assert asyncio.run(backend.process([event()]))
    asyncio.run(backend.stop())
    assert (backend.name, bad.running) == ("kept", ["start", "stop"])
