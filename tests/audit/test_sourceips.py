import pytest
from tests.audit.support import request

from pilothouse.audit.sourceips import source_ips


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ["192.0.2.7"]),
        ({"x_forwarded_for": "10.0.0.1, nonsense , ::ffff:10.0.0.2"}, ["10.0.0.1", "10.0.0.2", "192.0.2.7"]),
        ({"x_forwarded_for": "10.0.0.1, 192.0.2.7"}, ["10.0.0.1", "192.0.2.7"]),
        ({"x_real_ip": "10.0.0.3"}, ["10.0.0.3", "192.0.2.7"]),
        ({"x_forwarded_for": "10.0.0.1", "x_real_ip": "10.0.0.1"}, ["10.0.0.1", "192.0.2.7"]),
        ({"x_real_ip": "x"}, ["192.0.2.7"]),
    ],
)
def test_source_ips(headers: dict[str, str], expected: list[str]) -> None:
    assert source_ips(request(**headers)) == expected


def test_no_client() -> None:
    made = request()
    made.client = None
    assert source_ips(made) == []
