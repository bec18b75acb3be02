import asyncio

from tests.audit.support import Kept, event, written

from pilothouse.audit.union import UnionBackend


def test_every_backend_gets_every_event() -> None:
    good, bad = Kept(strict=False), Kept(works=False, ordered=False)
    union = UnionBackend([bad, good])
    union.start()
    assert not asyncio.run(written(union, [event()]))
    asyncio.run(union.stop())
    assert len(good.events) == len(bad.events) == 1
    assert good.running == bad.running == ["start", "stop"]
    assert (union.strict, union.ordered) == (True, False)
