import pytest

from pilothouse.apimachinery.schema import model
from pilothouse.apimachinery.schema.decode_error import DecodeError
from pilothouse.apimachinery.schema.scalars import base64_text, micro_time_text, scalar, time_text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2020", 'cannot parse "" as "-"'),
        ("2020-01-01", 'cannot parse "" as "T"'),
        ("2020-01-01T00:00:00", 'cannot parse "" as "Z07:00"'),
        ("2020-01-01 00:00:00Z", 'cannot parse " 00:00:00Z" as "T"'),
    ],
)
def test_times_that_stop_being_one(text: str, message: str) -> None:
    with pytest.raises(DecodeError) as e:
        time_text(text)
    assert str(e.value) == f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": {message}'


def test_out_of_range() -> None:
    with pytest.raises(DecodeError, match="day out of range"):
        time_text("2021-02-30T00:00:00Z")
    with pytest.raises(DecodeError, match="hour out of range"):
        time_text("2021-02-20T25:00:00Z")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "0000-01-01T00:00:00Z"])
def test_times_beyond_the_calendar(text: str) -> None:
    with pytest.raises(DecodeError):
        time_text(text)


def test_micro_time_wants_six_digits() -> None:
    assert micro_time_text("2020-01-01T00:00:00.000001Z") == "2020-01-01T00:00:00.000001Z"
    with pytest.raises(DecodeError, match=r'cannot parse "Z" as "\.000000"'):
        micro_time_text("2020-01-01T00:00:00Z")


@pytest.mark.parametrize(("text", "at"), [("!", 0), ("YQ=", 3), ("YQ", 0), ("YWJjYQ", 4), ("YQ==x", 2), ("Y!==", 1)])
def test_base64_faults(text: str, at: int) -> None:
    with pytest.raises(DecodeError, match=f"illegal base64 data at input byte {at}$"):
        base64_text(text)


def test_base64_is_rewritten_canonically() -> None:
    assert base64_text("YR==") == "YQ=="
    assert base64_text("") == ""


def test_whole_floats_are_written_as_integers() -> None:
    assert repr(scalar(model.DOUBLE, "float64")(1.0)) == "1"
    assert scalar(model.DOUBLE, "float64")(1.5) == 1.5


def test_durations() -> None:
    assert scalar(model.DURATION, "v1.Duration")("90s") == "1m30s"
    with pytest.raises(DecodeError, match="time: missing unit"):
        scalar(model.DURATION, "v1.Duration")("90")
