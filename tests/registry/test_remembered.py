from pilothouse.registry.remembered import Good


def test_what_was_good_is_good_again() -> None:
    good = Good()
    key = good.key({"a": 1})
    assert key not in good
    good.add(key)
    assert good.key({"a": 1}) in good
    assert good.key({"a": 2}) not in good
    assert good.key({"a": 1}, True) not in good
    assert good.key({"a": True}) not in good


def test_the_large_and_the_strange_are_not_remembered() -> None:
    good = Good()
    for part in ({"a": "x" * 5000}, {"a": 1 << 80}, {"a": "\ud800"}):
        assert good.key(part) is None
        good.add(good.key(part))
        assert good.key(part) not in good


def test_the_memory_is_bounded() -> None:
    good = Good()
    for n in range(2000):
        good.add(good.key(n))
    assert sum(good.key(n) in good for n in range(2000)) <= 256
