"""Costs against the numbers of upstream's own tests (apiextensions-apiserver pkg/apiserver/schema/cel
compilation_test.go, celcoststability_test.go)."""

from typing import Any

import pytest

from pilothouse.apimachinery.structural.cel_rules import CompiledRule, compile_rules
from pilothouse.apimachinery.structural.cel_types import declare
from pilothouse.apimachinery.structural.model import ValidationRule, new_structural

Props = dict[str, Any]


def compiled(schema: Props, text: str) -> CompiledRule:
    structural = new_structural(schema)
    declared = declare(structural)
    assert declared is not None
    rule = compile_rules([ValidationRule(rule=text)], structural, declared)[0]
    assert not rule.error
    return rule


def typed(kind: str) -> Props:
    if kind == "int-or-string":
        return {"x-kubernetes-int-or-string": True}
    if kind in ("duration", "date", "date-time"):
        return {"type": "string", "format": kind}
    return {"type": kind}


def bounded(shape: str, kind: str, limit: int | None) -> Props:
    schemas: dict[str, tuple[Props, str]] = {
        "list": ({"type": "array", "items": typed(kind)}, "maxItems"),
        "lists": ({"type": "array", "items": {"type": "array", "items": typed(kind)}}, "maxItems"),
        "map": ({"type": "object", "additionalProperties": typed(kind)}, "maxProperties"),
        "string": ({"type": "string"}, "maxLength"),
        "bytes": ({"type": "string", "format": "byte"}, "maxLength"),
    }
    schema, name = schemas[shape]
    return schema if limit is None else {**schema, name: limit}


ALL = "self.all(x, true)"


@pytest.mark.parametrize(
    ("shape", "kind", "text", "unlimited", "limit", "limited"),
    [
        ("list", "number", ALL, 4718591, 10, 32), ("list", "string", ALL, 3145727, 20, 62),
        ("list", "boolean", ALL, 1887437, 5, 17), ("lists", "number", ALL, 3145727, 100, 302),
        ("map", "number", ALL, 1348169, 10, 32), ("map", "boolean", ALL, 943718, 100, 302),
        ("list", "int-or-string", ALL, 4718591, 10, 32), ("list", "duration", ALL, 2359295, 5, 17),
        ("list", "date", ALL, 725936, 15, 47), ("list", "date-time", ALL, 428963, 25, 77),
        ("map", "int-or-string", ALL, 1348169, 15, 47), ("map", "duration", ALL, 1048577, 5, 17),
        ("map", "date", ALL, 524288, 10, 32), ("map", "date-time", ALL, 349526, 25, 77),
        ("string", "", "self.contains('test')", 314574, 10, 5), ("string", "", "self.startsWith('test')", 2, 15, 2),
        ("string", "", "self.endsWith('test')", 2, 30, 2),
        ("string", "", "size(self + 'hello') > size('hello')", 314578, 4, 7),
        ("list", "number", "self[1] == 0.0", 2, 5000, 2), ("list", "string", "self[1] == self[1]", 314577, 8, 314577),
        ("string", "", "self.matches('x')", 314574, 50, 22), ("string", "", "self.matches('')", 1, 100, 1),
        ("string", "", "''.matches('(((((((((())))))))))[0-9]')", 7, 10, 7),
        ("map", "number", "self['x'] == 0.0", 2, 0, 2), ("string", "", "self == 'x'", 2, 0, 1),
        ("bytes", "", "self == b'x'", 2, 0, 1), ("list", "int-or-string", "self[0] == 5", 3, 10, 3),
        ("list", "boolean", "self[0] == false", 2, 25, 2), ("lists", "number", "self[0][0] == -1.0", 3, 51, 3),
        ("list", "duration", "self[0].getHours() == 2", 4, 525, 4),
        ("list", "date", "self[2].getDayOfMonth() == 13", 4, 42, 4),
        ("string", "", "self.find('[0-9]+') == ''", 629147, 10, 11),
        ("string", "", "self.lowerAscii() == 'lower!'", 314575, 10, 6),
        ("map", "integer", "oldSelf.size() == self.size()", 5, 10, 5),
        ("map", "date-time", "self['a'] == self['b']", 8, 7, 8),
    ],
)  # fmt: skip
def test_estimates(shape: str, kind: str, text: str, unlimited: int, limit: int, limited: int) -> None:
    assert compiled(bounded(shape, kind, None), text).max_cost == unlimited
    assert compiled(bounded(shape, kind, limit), text).max_cost == limited


TEXT = {"type": "string"}
OBJECT: Props = {
    "ints": [1, 2, 3], "val": {"b": 1, "d": 2}, "deep": {"b": {"c": 4}}, "obj": {"field": "a"}, "m": {"k": "v"},
    "l": ["a"], "q": "20", "q2": "200M",
    "listMap": [{"k": "a1", "v": "b1"}, {"k": "a2", "v": "b2"}, {"k": "a3", "v": "b3", "v2": "z"}],
}
SCHEMA: Props = {"type": "object", "properties": {
    "ints": {"type": "array", "items": {"type": "integer"}}, "q": TEXT, "q2": TEXT,
    "val": {"type": "object", "additionalProperties": {"type": "integer"}},
    "deep": {"type": "object", "properties": {
        "b": {"type": "object", "properties": {"c": {"type": "integer"}}},
        "d": {"type": "object", "properties": {"e": {"type": "integer"}}},
    }},
    "obj": {"type": "object", "properties": {"field": TEXT, "absentField": TEXT}},
    "m": {"type": "object", "additionalProperties": TEXT}, "l": {"type": "array", "items": TEXT},
    "listMap": {
        "type": "array", "items": {"type": "object", "properties": {"k": TEXT, "v": TEXT, "v2": TEXT}},
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
    },
}}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("1 in self.ints", 5), ("self.ints[0] in self.ints", 8), ("self.ints + self.ints == [1, 2, 3, 1, 2, 3]", 6),
        ("self.ints + [4, 5] == [1, 2, 3, 4, 5]", 4), ("has(self.ints) && has(self.val)", 2),
        ("has(self.deep.b.c)", 3), ("!(has(self.deep.d) && has(self.deep.d.e))", 3), ("!has(self.deep.d)", 3),
        ("!('a' in self.val)", 4), ("'b' in self.val", 3), ("!has(self.val.a)", 3), ("has(self.val.b)", 2),
        ("self.val.all(k, self.val[k] > 0)", 17), ("!self.val.exists(k, self.val[k] == 3)", 20),
        ("self.val.exists_one(k, self.val[k] == 2)", 14), ("!self.val.exists_one(k, self.val[k] > 0)", 17),
        ("size(self.val) == 2", 4), ("size(self.val.filter(k, self.val[k] > 1)) == 1", 26),
        ("self.val.all(k, v, v > 0)", 13), ("!self.val.exists(k, v, v == 3)", 16),
        ("self.val.existsOne(k, v, v == 2)", 10), ("self.val.transformMap(k, v, v > 1, v + 1).size() == 1", 14),
        ("self.val.transformMap(k, v, v + 1).size() == 2", 15),
        ("self.val.transformMapEntry(k, v, v > 1, {k + '2': v + 1}).size() == 1", 45),
        ("self.val.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2", 77),
        ("has(self.listMap[0].v)", 3), ("self.listMap.all(m, m.k.startsWith('a'))", 21),
        ("self.listMap.all(m, !has(m.v2) || m.v2 == 'z')", 21), ("self.listMap.exists(m, m.k.endsWith('1'))", 13),
        ("self.listMap.exists_one(m, m.k == 'a3')", 15), ("!self.listMap.all(m, m.k.endsWith('1'))", 18),
        ("!self.listMap.exists(m, m.v == 'x')", 25), ("!self.listMap.exists_one(m, m.k.startsWith('a'))", 20),
        ("size(self.listMap.filter(m, m.k == 'a1')) == 1", 27),
        ("self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')", 16),
        ("self.listMap.map(m, m.v).exists(v, v == 'b1')", 55),
        ("self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25),
        ("self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1", 39),
        ("self.listMap.exists(m, m.v2 == 'z')", 24), ("!self.listMap.all(m, m.v2 != 'z')", 22),
        ("self.listMap.existsOne(i, m, has(m.v2) && m.v2 == 'z')", 12),
        ("self.listMap.transformList(i, m, m.v).size() == 3", 47), ("optional.of('a') != optional.of('b')", 3),
        ("optional.none().or(optional.of('a')).hasValue()", 3),
        ("optional.of('value').optMap(v, v == 'value').hasValue()", 8),
        ("self.obj.?field == optional.of('a')", 5), ("self.obj.?absentField == optional.none()", 4),
        ("self.obj.?field.orValue('v') == 'a'", 4), ("self.m[?'k'] == optional.of('v')", 5),
        ("self.l[?0] == optional.of('a')", 5), ("isQuantity(self.q)", 3), ("isQuantity('200M')", 1),
        ("quantity('200M') == quantity('0.2G') && quantity('0.2G') == quantity('200M')", 6),
        ("quantity(self.q).isLessThan(quantity(self.q2))", 7), ("quantity('50k').sub(20) == quantity('49980')", 4),
    ],
)  # fmt: skip
def test_actual_costs(text: str, cost: int) -> None:
    program = compiled(SCHEMA, text).program
    assert program is not None
    assert program.run({"self": OBJECT}) == (True, cost, None)
