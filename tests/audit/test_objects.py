"""Answers without managedFields, and the same in every other byte."""

import asyncio

import pytest

from pilothouse.audit.objects import Document, without_managed_fields

ITEM = b'{"metadata":{"name":"a%d","managedFields":[{"manager":"\\u003c"}]},"data":{"k":"\\u003c\\u0026"}}'
LEAN = b'{"metadata":{"name":"a%d"},"data":{"k":"\\u003c\\u0026"}}'


def without(given: Document | None) -> Document | None:
    return asyncio.run(without_managed_fields(given))


def test_nothing_to_take_out() -> None:
    given = Document(b'{"a":1}')
    assert without(given) is given
    assert without(None) is None


def test_an_object() -> None:
    assert without(Document(ITEM % 1)) == Document(LEAN % 1)
    assert without(Document(b'["managedFields"]')) == Document(b'["managedFields"]')


@pytest.mark.parametrize("count", [1, 1000])
def test_a_list_and_a_table(count: int) -> None:
    given = Document(b'{"kind":"List","items":[', [ITEM % n for n in range(count)], b"]}")
    lean = Document(b'{"kind":"List","items":[', [LEAN % n for n in range(count)], b"]}")
    assert without(given) == lean
    assert lean.joined() == b'{"kind":"List","items":[' + b",".join(LEAN % n for n in range(count)) + b"]}"
    rows = [b'{"cells":[1],"object":%s}' % (ITEM % n) for n in range(count)]
    lean_rows = [b'{"cells":[1],"object":%s}' % (LEAN % n) for n in range(count)]
    head = b'{"kind":"Table","rows":['
    assert without(Document(head, [*rows, b'{"cells":[],"object":null}'], b"]}")) == Document(
        head, [*lean_rows, b'{"cells":[],"object":null}'], b"]}"
    )
    # an object's own field of that name is left alone
    assert without(Document(b'{"kind":"XList","items":[', rows, b"]}")) == Document(
        b'{"kind":"XList","items":[', rows, b"]}"
    )
