"""Schedules as cron jobs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.registry.batch import cron, timezones


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *", "0 0 1 1 0", "*/5 0-6 1,15 JAN-dec sun", "? ? ? ? ?", "5/15 * * * *", "@hourly", "@annually",
        "@every 1h30m", "TZ=Europe/Berlin 0 0 * * *", "CRON_TZ=UTC @daily", "0-0/1 * * * *", ",1, * * * *",
        "+5 * * * *",
    ],
)
def test_good_schedules(schedule: str) -> None:
    cron.check(schedule)


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        ("", "empty spec string"),
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("* * * foo *", 'failed to parse int from foo: strconv.Atoi: parsing "foo": invalid syntax'),
        ("99999999999999999999 * * * *",
         'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of '
         "range"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'),
        ("TZ=Nowhere * * * * *", "provided bad location Nowhere: unknown time zone Nowhere"),
        ("TZ=0", "invalid schedule format: runtime error: slice bounds out of range [:-1]"),
    ],
)
def test_what_is_wrong_with_a_schedule(schedule: str, wanted: str) -> None:
    with pytest.raises(cron.ScheduleError) as caught:
        cron.check(schedule)
    assert str(caught.value) == wanted


@given(st.text(alphabet="0123456789*/,-? @TZ=x", max_size=30))
def test_any_text_is_a_schedule_or_not(text: str) -> None:
    try:
        cron.check(text)
    except cron.ScheduleError as e:
        assert str(e)


def test_time_zones() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= timezones.names()
    assert timezones.unknown_location("") == timezones.unknown_location("Local") == ""
    assert timezones.unknown_location("europe/berlin") == "unknown time zone europe/berlin"
    assert timezones.unknown_location("../etc/passwd") == "time: invalid location name"
