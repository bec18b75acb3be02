import asyncio
from pathlib import Path

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authentication.tokenfile import load, parse


def test_users_by_token() -> None:
    assert parse('t1,alice,a1\nt2,bob,b1,dev\nt3,eve,e1,"dev,ops"\n', "f") == {
        "t1": User("alice", "a1"), "t2": User("bob", "b1", ("dev",)), "t3": User("eve", "e1", ("dev", "ops")),
    }


def test_quirks_of_upstream() -> None:
    users = parse('\nt,first,1\r\nt,second,2\n,nobody,3\ne,empty,4,\n"q ""t""",quoted,5,a,"b"', "f")
    assert users == {
        "t": User("second", "2"), "e": User("empty", "4", ("",)), 'q "t"': User("quoted", "5", ("a",)),
    }


@pytest.mark.parametrize(("text", "problem"), [
    ("t,u\n", "token file 'f' must have at least 3 columns (token, user name, user uid), found 2"),
    ('t,u"x,1\n', 'parse error on line 1, column 4: bare " in non-quoted field'),
    ('t,"u"x,1\n', 'parse error on line 1, column 5: extraneous or missing " in quoted-field'),
    ('a,b,c\nt,"u\nv', 'record on line 2; parse error on line 3, column 2: extraneous or missing " in quoted-field'),
])
def test_bad_files(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"token file|parse error") as raised:
        parse(text, "f")
    assert str(raised.value) == problem


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text("t,alice,1,dev\n")
    authenticator = load(path)
    response = asyncio.run(authenticator.authenticate_token("t"))
    assert response is not None
    assert response.user == User("alice", "1", ("dev",))
    assert asyncio.run(authenticator.authenticate_token("x")) is None
