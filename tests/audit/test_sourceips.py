import pytest

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
        ({"x_forwarded_for": "010.0.0.01, fe80::1%eth0,2001:DB8::0:1,,10.0.0.256"},
         ["10.0.0.1", "2001:db8::1", "192.0.2.7"]),
        ({"x_forwarded_for": "10.0.0.1", "x_real_ip": " 10.0.0.2"}, ["10.0.0.1", "192.0.2.7"]),
    ],
)
def test_source_ips(headers: dict[str, str], expected: list[str]) -> None:
    forwarded, real = (headers.get(name, "").encode() for name in ("x_forwarded_for", "x_real_ip"))
    assert source_ips(forwarded, real, "192.0.2.7") == expected


def test_no_client() -> None:
    assert source_ips(b"", b"", "") == []
