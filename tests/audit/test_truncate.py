import asyncio

from tests.audit.support import Kept, event, metrics, written

from pilothouse.audit.truncate import TruncatingBackend


def test_large_events_lose_their_objects() -> None:
    kept, (counts, registry) = Kept(), metrics()
    size = event().size
    backend = TruncatingBackend(kept, size + 100, 10 * size, counts)
    large = event(3, (b',"requestObject":', b'"%s"' % (b"x" * 1000)))
    hopeless = event(1, userAgent="x" * 1000)
    asyncio.run(written(backend, [large, hopeless, event()]))
    assert [b"requestObject" in e.json for e in kept.events] == [False, False]
    assert b"truncated" in kept.events[0].json
    assert 'apiserver_audit_error_total{plugin="truncate"} 1' in registry.render().decode()


def test_large_batches_are_split() -> None:
    kept = Kept(works=False)
    size = len(event().json)
    backend = TruncatingBackend(kept, size, 2 * size, metrics()[0])
    assert not asyncio.run(written(backend, [event() for _ in range(5)]))
    assert [len(batch) for batch in kept.batches] == [2, 2, 1]
