"""Formats of strings in custom resources; cases as in upstream's strfmt tests, by their meaning."""

import pytest

from pilothouse.apimachinery.structural.formats import STRING_FORMATS, supported_format, unrecognized_format

GOOD = {
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "uri": [
        "http://a.example/x?y=z", "/path", "mailto:x@y", "*", "http://[::1]:80/", "http://u:p@h/", "http://h:/", "a:b",
    ],
    "email": [
        "a@b", "Bob <bob@example.com>", '"Bob X." <bob@[192.0.2.1]>', "bob@example.com (work)", '"a b"@c.d', "é@x",
    ],
    "hostname": ["a", "a.example.com", "x-y.example", "1.example", "☃.example"],
    "ipv4": ["1.2.3.4", "010.1.2.3", "::ffff:1.2.3.4"],
    "ipv6": ["::", "fe80::1", "::ffff:1.2.3.4"],
    "cidr": ["10.0.0.0/8", "fd00::/64"],
    "mac": ["01:23:45:67:89:ab", "01-23-45-67-89-AB", "0123.4567.89ab", "01:23:45:67:89:ab:cd:ef"],
    "uuid": ["a8098c1a-f86e-11da-bd1a-00112444be1e", "A8098C1AF86E11DABD1A00112444BE1E"],
    "uuid3": ["bcd02e22-68f0-3046-a512-327cca9def8f"],
    "uuid4": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "uuid5": ["886313e1-3b8a-5372-9b90-0c9aee199e5d"],
    "isbn": ["0321751043", "978-0321751041"],
    "isbn10": ["0321751043", "0-8044-2957-X"],
    "isbn13": ["978-0321751041"],
    "creditcard": ["4111-1111-1111-1111"],
    "ssn": ["111-11-1111"],
    "hexcolor": ["#FFFFFF", "fff"],
    "rgbcolor": ["rgb(255,1, 0)"],
    "byte": ["aGVsbG8="],
    "password": ["", "anything"],
    "date": ["2006-01-02", "0000-02-29"],
    "duration": ["22ns", "1h30m", "3 days", "1week", "-5s", "x 3 min"],
    "datetime": ["2014-12-15T19:30:20.000Z", "2014-12-15t19:30:20+01:00"],
    "k8sshortname": ["a", "a-1"],
    "k8slongname": ["a.b-c"],
}
BAD = {
    "bsonobjectid": ["", "507f1f77bcf86cd79943901", "g07f1f77bcf86cd799439011"],
    "uri": [
        "", "relative", "http://a b/", "/x%zz", ":x", "http://[::1/", "http://[1.2.3.4]/", "http://h:x/", "http://a:1:2/",
    ],
    "email": ["", "a", "a@", "@b", "a..b@c", "a@b@c", "<a@b", "Bob bob@example.com", "a@[x]", "a@b, c@d"],
    "hostname": ["", "-a", "a_b.example", "a.b.1", "x." + "y" * 64],
    "ipv4": ["", "1.2.3", "1.2.3.256", "fe80::1"],
    "ipv6": ["", "1.2.3.4", "fe80::1%eth0", "::ffff:01.2.3.4"],
    "cidr": ["10.0.0.0", "10.0.0.0/33"],
    "mac": ["", "01:23:45:67:89", "01:23-45:67:89:ab", "0123.4567"],
    "uuid": ["a8098c1a", "g8098c1a-f86e-11da-bd1a-00112444be1e"],
    "uuid3": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "uuid4": ["bcd02e22-68f0-3046-a512-327cca9def8f", "025b0d74-00a2-4048-cf57-227c5111bb34"],
    "uuid5": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "isbn": ["0321751044", "978-0321751042"],
    "isbn10": ["978-0321751041"],
    "isbn13": ["0321751043"],
    "creditcard": ["4111-1111-1111-1112", "1"],
    "ssn": ["111111111", "111-11-111a"],
    "hexcolor": ["#FFFF", "red"],
    "rgbcolor": ["rgb(256,1,0)", "rgb(1,2)"],
    "byte": ["", "aGVsbG8", "a==="],
    "date": ["2006-1-2", "2006-02-30", "2006-13-01", "2006-01-00", "x"],
    "duration": ["", "x", "3", "3 lightyears", "99999999999999999999 s"],
    "datetime": ["2014-12-15", "2014-12-15T24:30:20Z", "2014-12-15T19:30Z", "T"],
    "k8sshortname": ["", "A", "-a", "a" * 64],
    "k8slongname": ["", "a..b", "a." * 127],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_good(name: str, text: str) -> None:
    assert STRING_FORMATS[name](text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_bad(name: str, text: str) -> None:
    assert not STRING_FORMATS[name](text)


def test_every_format_is_tried() -> None:
    assert GOOD.keys() == STRING_FORMATS.keys()
    assert BAD.keys() == STRING_FORMATS.keys() - {"password"}


@pytest.mark.parametrize(
    ("schema", "format"),
    [
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"format": "date-time"}, "date-time"),
        ({"type": "string", "format": "int32"}, ""),
        ({"type": "integer", "format": "int32"}, "int32"),
        ({"type": "integer", "format": "int16"}, ""),
        ({"type": "number", "format": "double"}, "double"),
        ({"type": "number", "format": "int32"}, ""),
        ({"type": "object", "format": "date"}, ""),
        ({"x-kubernetes-int-or-string": True, "format": "int32"}, ""),
    ],
)
def test_formats_count_by_type(schema: dict[str, object], format: str) -> None:
    assert supported_format(schema) == format
    assert unrecognized_format(schema) == ("" if format else schema["format"])


@pytest.mark.parametrize("name", STRING_FORMATS)
@pytest.mark.parametrize("part", ["1", "a.", ":", "/", "1 ", "1" * 5000 + " lightyears "])
def test_texts_of_megabytes_are_read_once(name: str, part: str) -> None:
    """To look at all ends of each part would take hours."""
    STRING_FORMATS[name](part * (1_000_000 // len(part)))
