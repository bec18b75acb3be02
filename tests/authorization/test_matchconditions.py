import asyncio
from typing import Any

import pytest

from pilothouse.apimachinery.user import User
from pilothouse.authorization.accessreview import review_spec
from pilothouse.authorization.interface import Attributes
from pilothouse.authorization.matchconditions import ExpressionError, MatchConditions, MatchMetrics, compile_condition
from pilothouse.observability.metrics import Registry

ALICE = User("alice", uid="u1", groups=("dev", "ops"), extra={"k": ("a", "b")})
PODS = Attributes(
    ALICE, "list", api_group="", api_version="v1", namespace="ns", resource="pods", name="",
    field_selector="spec.nodeName=n1", label_selector="app in (a,b),!c",
)
PATH = Attributes(ALICE, "get", is_resource_request=False, path="/healthz")


def matches(attributes: Attributes, *expressions: str) -> bool:
    return run(MatchConditions("w", expressions, MatchMetrics(Registry())), review_spec(attributes))


def run(conditions: MatchConditions, spec: dict[str, Any]) -> bool:
    return asyncio.run(conditions.matches(spec))


@pytest.mark.parametrize("expression", [
    "request.user == 'alice' && request.uid == 'u1'", "'ops' in request.groups", "request.extra['k'] == ['a', 'b']",
    "has(request.resourceAttributes) && !has(request.nonResourceAttributes)",
    "request.resourceAttributes.namespace == 'ns' && request.resourceAttributes.verb == 'list'",
    "request.resourceAttributes.group == '' && request.resourceAttributes.version == 'v1'",
    "request.resourceAttributes.subresource == '' && request.resourceAttributes.name == ''",
    "request.resourceAttributes.fieldSelector.requirements[0] .key == 'spec.nodeName'",
    "request.resourceAttributes.?fieldSelector.rawSelector.orValue('none') == 'none'",
    "request.resourceAttributes.labelSelector.requirements.exists(r, r.operator == 'In' && r.values == ['a', 'b'])",
    "request.resourceAttributes.labelSelector.requirements.exists(r, r.operator == 'DoesNotExist' && r.values == [])",
])
def test_what_expressions_see_of_a_resource(expression: str) -> None:
    assert matches(PODS, expression)


def test_what_expressions_see_of_a_path() -> None:
    path, verb = ("request.nonResourceAttributes." + text for text in ("path == '/healthz'", "verb == 'get'"))
    assert matches(PATH, path, verb)
    assert matches(PATH, "!has(request.resourceAttributes)")
    nobody = Attributes(User("x"), "get", is_resource_request=False, path="/")
    assert matches(nobody, "request.groups.size() == 0 && request.extra.size() == 0 && request.uid == ''")


@pytest.mark.parametrize(("expression", "text"), [
    ("request.user +", "compilation failed: ERROR: <input>:1:15: Syntax error"),
    ("1", "must evaluate to bool but got int"), ("dyn(true)", "must evaluate to bool but got dyn"),
    ("object.x", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'object'"),
    ("request.resourceAttributes.nodes == ''", "undefined field 'nodes'"),
])
def test_what_is_no_condition(expression: str, text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        compile_condition(expression)
    assert text in str(error.value)
    assert not error.value.internal


BROKEN = "request.resourceAttributes.namespace == 'ns'"


def test_a_condition_that_is_false_counts_more_than_one_that_fails() -> None:
    registry = Registry()
    conditions = MatchConditions("w", [BROKEN, "request.user == 'bob'"], MatchMetrics(registry), lambda: 1.0)
    assert not run(conditions, review_spec(PATH))
    alone = MatchConditions("w", [BROKEN, "true", f"!({BROKEN})"], MatchMetrics(registry))
    with pytest.raises(ValueError, match="cel evaluation error") as error:
        run(alone, review_spec(PATH))
    assert str(error.value) == (
        f"[cel evaluation error: expression '{BROKEN}' resulted in error: no such key: resourceAttributes, "
        f"cel evaluation error: expression '!({BROKEN})' resulted in error: no such key: resourceAttributes]"
    )
    text = registry.render().decode()
    prefix, labels = "apiserver_authorization_match_condition", '{name="w",type="Webhook"}'
    assert f"{prefix}_evaluation_errors_total{labels} 2\n" in text
    assert f"{prefix}_exclusions_total{labels} 1\n" in text
    assert f"{prefix}_evaluation_seconds_count{labels} 2\n" in text
    assert f'{prefix}_evaluation_seconds_bucket{{name="w",type="Webhook",le="0.2"}}' in text


def test_a_condition_that_takes_long_fails() -> None:
    loop = "request.groups.all(a, request.groups.all(b, a + b != 'x'))"
    conditions = MatchConditions("w", [loop], MatchMetrics(Registry()))
    # more than is done on the loop
    assert run(conditions, {"groups": [str(i) for i in range(60)]})
    assert not run(conditions, {"groups": [*(str(i) for i in range(60)), "x", ""]})
    with pytest.raises(ValueError, match="actual cost limit exceeded"):
        run(conditions, {"groups": [str(i) for i in range(2000)]})
