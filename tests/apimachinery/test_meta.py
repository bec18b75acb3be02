import re

import pytest

from pilothouse.apimachinery import meta


def test_times() -> None:
    now = [1_700_000_000.9]
    times = meta.Times(lambda: now[0])
    assert times.now() == times.now() == "2023-11-14T22:13:20Z"
    assert times.after(40) == "2023-11-14T22:14:00Z"
    now[0] += 1
    assert times.now() == "2023-11-14T22:13:21Z"
    assert meta.format_micro_time(now[0]) == "2023-11-14T22:13:21.900000Z"


@pytest.mark.parametrize(("text", "seconds"), [
    ("2023-11-14T22:13:20Z", 1_700_000_000.0),
    ("2023-11-14T23:13:20+01:00", 1_700_000_000.0),
    ("2023-11-14T22:13:20.500000Z", 1_700_000_000.5),
])
def test_parse_time(text: str, seconds: float) -> None:
    assert meta.parse_time(text) == seconds


def test_uids_are_random_version_4() -> None:
    uids = {meta.new_uid() for _ in range(1000)}
    assert len(uids) == 1000
    assert all(re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", u) for u in uids)


def test_ordered() -> None:
    given = {"labels": {}, "uid": "u", "name": "n", "deletionGracePeriodSeconds": 0, "finalizers": [], "odd": 1}
    assert list(meta.ordered(given)) == ["name", "uid", "deletionGracePeriodSeconds"]


def test_parse_resource_version() -> None:
    assert meta.parse_resource_version("") == 0
    assert meta.parse_resource_version("007") == 7
    with pytest.raises(ValueError, match=r'strconv\.ParseUint: parsing "-1": invalid syntax'):
        meta.parse_resource_version("-1")
    with pytest.raises(ValueError, match=r'strconv\.ParseUint: parsing "18446744073709551616": value out of range'):
        meta.parse_resource_version(str(1 << 64))
