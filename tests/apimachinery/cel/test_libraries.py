"""The libraries of kube-apiserver's environments: values, errors, and costs as upstream's tests have them."""

from typing import Any

import pytest

from pilothouse.apimachinery.cel.kubernetes import base
from pilothouse.apimachinery.cel.libraries import authorizer, formats
from pilothouse.apimachinery.cel.libraries.authorizer import Decision, Question
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Int, list_of
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError, TooLong

ENVIRONMENT = base().extended({"authorizer": authorizer.AUTHORIZER_TYPE}, libraries=[formats.json_patch()])


def decide(question: Question) -> Decision:
    return Decision(question.verb == "get", f"{question.api_group}/{question.resource}{question.path}")


def run(text: str) -> Any:
    return ENVIRONMENT.compile(text).evaluate({"authorizer": authorizer.Authorizer(decide)})


@pytest.mark.parametrize(
    "text",
    [
        "'tacocat'.charAt(3) == 'o' && 'a'.charAt(1) == ''", "'hello mellow'.indexOf('ello', 2) == 7",
        "'hello mellow'.lastIndexOf('ello') == 7 && 'hello mellow'.lastIndexOf('ello', 6) == 1",
        "'TacoCat'.lowerAscii() == 'tacocat' && 'Tæ'.upperAscii() == 'Tæ'", "' a '.trim() == 'a'",
        "'hello hello'.replace('he', 'we', 1) == 'wello hello' && 'ab'.replace('', '-') == '-a-b-'",
        "'a b c'.split(' ', 2) == ['a', 'b c'] && 'abc'.split('') == ['a', 'b', 'c'] && 'x'.split('x', 0) == []",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco'", "['a', 'b'].join('-') == 'a-b'",
        "'%s is %d, %.2f %b %x %o %%'.format([dyn('a'), 3, 1.5, 5, 255, 8]) == 'a is 3, 1.50 101 ff 10 %'",
        """'%s %s'.format([dyn([1, dyn('a')]), {'k': 1.5}]) == '[1, "a"] {"k":1.500000}'""",
        """strings.quote('a"b\\n') == '"a\\\\"b\\\\n"'""", "'abc 123'.find('[0-9]+') == '123' && 'a'.find('z') == ''",
        "'1 2 3'.findAll('[0-9]') == ['1', '2', '3'] && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
        "[1, 2, 2].isSorted() && [1, 2].sum() == 3 && [1.5, 2.5].sum() == 4.0 && [3, 1].max() == 3",
        "['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2 && [1].indexOf(2) == -1",
        "[1, 2, 3].slice(1, 2) == [2] && [[1], [2]].flatten() == [1, 2] && [3, 1].sort() == [1, 3]",
        "[3, 1, 2].sortBy(x, -x) == [3, 2, 1] && lists.range(3) == [0, 1, 2] && [1, 2].reverse() == [2, 1]",
        "[1, 2, 1].distinct() == [1, 2] && [1, 2].first().value() == 1 && [].last().hasValue() == false",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])",
        "url('https://user@example.com:80/a%20b?q=1&q=2').getHost() == 'example.com:80'",
        "url('https://[::1]:80/x').getHostname() == '::1' && url('https://[::1]:80/x').getPort() == '80'",
        "url('https://e.com/a%20b?q=1&q=2').getQuery() == {'q': ['1', '2']}",
        "url('https://e.com/a b').getEscapedPath() == '/a%20b' && url('/p').getScheme() == ''",
        "isURL('https://a') && !isURL('a b') && url('/a') == url('/a')",
        "ip('127.0.0.1').family() == 4 && ip('::1').isLoopback() && ip('fe80::1').isLinkLocalUnicast()",
        "isIP('::1') && !isIP('01.2.3.4') && ip.isCanonical('::1') && !ip.isCanonical('0:0::1')",
        "ip('ff02::1').isLinkLocalMulticast() && ip('8.8.8.8').isGlobalUnicast() && ip('0.0.0.0').isUnspecified()",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.1.2.3/8').ip() == ip('10.1.2.3')",
        "cidr('::/64').prefixLength() == 64 && isCIDR('::/64') && !isCIDR('1.2.3.4') && string(ip('::1')) == '::1'",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('50k').add(20).compareTo(quantity('50020')) == 0",
        "quantity('1.5').asApproximateFloat() == 1.5 && !isQuantity('x') && quantity('3').asInteger() == 3",
        "quantity('1k') == quantity('1000') && sign(quantity('-1')) == -1 && !quantity('1.5').isInteger()",
        "semver('1.2.3').isLessThan(semver('1.2.10')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
        "semver('v01.1', true) == semver('1.1.0') && !isSemver('v1.0') && semver('1.2.3').minor() == 2",
        "!format.dns1123Label().validate('my-label').hasValue() && format.named('uri').hasValue()",
        "format.dns1123Label().validate('A').value().size() == 1 && !format.named('none').hasValue()",
        "[1, 2].all(i, v, v == i + 1) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
        "['x', 'y'].transformList(i, v, i > 0, v + 'z') == ['yz'] && [1, 1].existsOne(i, v, i == 0)",
        "['x'].transformMap(i, v, v + v) == {0: 'xx'} && {'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}",
        "authorizer.group('apps').resource('deployments').namespace('n').check('get').allowed()",
        "authorizer.path('/healthz').check('post').reason() == '//healthz'",
        "!authorizer.serviceAccount('ns', 'sa').group('').resource('pods').check('get').errored()",
        "jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
    ],
)  # fmt: skip
def test_true(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'a'.charAt(2)", "index out of range: 2"), ("'a'.substring(2)", "index out of range: 2"),
        ("'abc'.substring(2, 1)", "invalid substring range. start: 2, end: 1"),
        ("[1].map(x, x > 1, x).max()", "max called on empty list"),
        ("[1].slice(0, 2)", "cannot slice(0, 2), list is length 1"),
        ("quantity('x')", "quantities must match the regular expression "
                          "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("quantity('1.5').asInteger()", "cannot convert value to integer"),
        ("semver('1.2')", "No Major.Minor.Patch elements found"),
        ("semver('1.02.3')", 'Minor number must not contain leading zeroes "02"'),
        ("url('a b')", 'URL parse error during conversion from string: parse "a b": invalid URI for request'),
        ("ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
        ("ip('fe80::1%en0')", 'IP address "fe80::1%en0" with zone value is not allowed'),
        ("ip('x')", 'IP Address "x" parse error during conversion from string: ParseAddr("x"): unable to parse IP'),
        ("dyn({}).flatten()", "no such overload"), ("dyn(1).startsWith('a')", "no such overload"),
        ("authorizer.path(' ')", "path must not be empty"),
        ("{'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})", "insert failed: key 1 already exists"),
        ("dyn('%d').format(['a'])", "error during formatting: decimal clause can only be used on integers, was given "
                                    "string"),
    ],
)  # fmt: skip
def test_errors(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as failure:
        run(text)
    assert str(failure.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'%d'.format(['a'])",
         "error during formatting: decimal clause can only be used on integers, was given string"),
        ("'%s'.format([])", "index 0 out of range"),
        ("'%s'.format([1, 2])", "too many arguments supplied to string.format (expected 1, got 2)"),
        ("'%q'.format([1])", 'could not parse formatting clause: unrecognized formatting clause "q"'),
        ("'a'.find('(')", "error parsing regexp: missing closing ): `(`"),
        ("[1].transformMap(i, i, i)", "duplicate variable name: i"),
    ],
)
def test_constants_are_checked(text: str, message: str) -> None:
    with pytest.raises(CompileError) as failure:
        ENVIRONMENT.compile(text)
    assert message in str(failure.value)


LIST = "[1, 2, 3, 4, 5]"


@pytest.mark.parametrize(
    ("text", "least", "most", "actual"),
    [
        (f"{LIST}.sum()", 15, 15, 15), (f"{LIST}.isSorted()", 15, 15, 15), (f"{LIST}.max()", 15, 15, 15),
        ("[uint(1), uint(2), uint(3), uint(4), uint(5)].sum()", 20, 20, 20),
        ("[duration('1s'), duration('2s'), duration('3s'), duration('4s'), duration('5s')].sum()", 20, 20, 20),
        ("url('https:://kubernetes.io/').getScheme()", 4, 4, 4),
        ("url('https:://kubernetes.io/') == url('https:://kubernetes.io/')", 7, 9, 7),
        ("url('https:://kubernetes.io/') == url('http://x.b')", 5, 5, 5), ("ip('192.168.0.1')", 2, 2, 2),
        ("ip('192.168.0.1').family()", 3, 3, 3), ("ip('192.168.0.1') == ip('192.168.0.1')", 5, 5, 5),
        ("ip('2001:db8:3333:4444:5555:6666:7777:8888')", 4, 4, 4), ("ip.isCanonical('192.168.0.1')", 3, 3, 3),
        ("cidr('192.168.0.0/16').masked()", 3, 3, 3),
        ("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7, 11, 7),
        ("cidr('192.168.0.0/16').containsIP(ip('192.0.0.1'))", 4, 7, 4),
        ("cidr('192.168.0.0/16').containsIP('192.169.0.1')", 5, 8, 5),
        ("'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3, 3, 3),
        ("'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9, 9),
        ("strings.quote('ABCDEFGHIJ abcdefghij')", 3, 3, 3),
        ("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 7, 11, 9),
        ("'abc 123 def 123'.replace('123', '456')", 3, 3, 3),
    ],
)  # fmt: skip
def test_costs_of_upstreams_tests(text: str, least: int, most: int, actual: int) -> None:
    program = ENVIRONMENT.compile(text, optimize=False)
    value, cost, error = program.run({})
    assert error is None and (*program.estimate(), cost) == (least, most, actual), (value, error)


def test_lists_to_format_may_be_mixed() -> None:
    text = "'%d %s %f %s'.format([1, 'abc', 1.0, duration('1m')]) == '1 abc 1.000000 60s'"
    assert run(text) is True
    with pytest.raises(CompileError, match="expected type 'int' but found 'string'"):
        ENVIRONMENT.compile("[1, 'abc'].size() == 2")


@pytest.mark.parametrize("text", [
    "sets.contains(a, b)", "sets.intersects(a, b)", "sets.equivalent(a, b)", "a.distinct().size() > 0",
    "a.sort().size() > 0", "a.sortBy(x, x).size() > 0",
])
def test_what_costs_too_much_is_not_begun(text: str) -> None:
    """Each of these would take hours, and be refused then."""
    program = ENVIRONMENT.extended({"a": list_of(Int), "b": list_of(Int)}).compile(text)
    _, _, error = program.run({"a": list(range(300_000)), "b": list(range(-300_000, 0))})
    assert isinstance(error, CostExceeded)


def test_joined_lists_do_not_fill_the_memory() -> None:
    text = f"[v0]{'.map(v, v + v + v + v + v + v + v + v)' * 8}.size() > 0"
    with pytest.raises(EvaluationError, match="the result is too long"):
        ENVIRONMENT.extended({"v0": list_of(Int)}).compile(text).evaluate({"v0": [1, 2, 3]})


@pytest.mark.parametrize("text", ["a.all(x, x > 0)", "a.map(x, x).size() > 0", "a.all(i, x, x > 0)"])
def test_loops_end_at_a_deadline(text: str) -> None:
    program = ENVIRONMENT.extended({"a": list_of(Int)}).compile(text)
    assert program.run({"a": [1, 2]})[0] is True
    with pytest.raises(TooLong):
        program.run({"a": [1, 2]}, deadline=0.001)
