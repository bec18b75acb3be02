"""Evaluation of admission's expressions: requests, namespaces, and variables that are worked out when used."""

from typing import Any

import pytest

from pilothouse.apimachinery.cel.admission import LazyVariables, Variables, compile_to, environment
from pilothouse.apimachinery.cel.environment import Budget, Program
from pilothouse.apimachinery.cel.libraries.authorizer import Decision, request_resource
from pilothouse.apimachinery.cel.types import Bool
from pilothouse.apimachinery.cel.values import EvaluationError

REQUEST = {"operation": "CREATE", "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
           "userInfo": {"username": "u", "groups": ["a", "b"], "extra": {"k": ["v"]}}, "dryRun": False}
NAMESPACE = {"metadata": {"name": "n", "labels": {"env": "prod"}, "creationTimestamp": "2020-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    "text",
    [
        "request.kind.kind == 'Deployment' && 'b' in request.userInfo.groups && !request.dryRun",
        "request.userInfo.extra['k'][0] == 'v'", "namespaceObject.metadata.labels.env == 'prod'",
        "namespaceObject.metadata.creationTimestamp < timestamp('2021-01-01T00:00:00Z')",
        "object.spec.replicas > 2 && has(object.spec.replicas) && !has(object.spec.none)", "oldObject == null",
        "authorizer.requestResource.check('get').allowed()", "object.spec.list.map(x, x.n).sum() == 3",
    ],
)  # fmt: skip
def test_conditions(text: str) -> None:
    program = compile_to(environment(authorizer=True), text, [Bool])
    check = request_resource(lambda q: Decision(q.verb == "get"), "apps", "deployments", "", "n", "x")
    activation = {
        "object": {"spec": {"replicas": 3, "list": [{"n": 1}, {"n": 2}]}}, "oldObject": None, "request": REQUEST,
        "namespaceObject": NAMESPACE, "authorizer.requestResource": check,
    }
    assert program.evaluate(activation) is True


def test_variables_are_lazy() -> None:
    composed, programs = Variables(), {}

    def declare(name: str, text: str) -> None:
        programs[name] = compile_to(composed.within(environment()), text)
        composed.declare(name, programs[name])

    def compiled(text: str) -> Program:
        return compile_to(composed.within(environment()), text)

    declare("limit", "object.limit * 2")
    declare("twice", "variables.limit * 2")
    declare("broken", "object.missing.field == 1")
    budget = Budget(1000)
    activation: dict[str, Any] = {"object": {"limit": 2}}
    activation["variables"] = LazyVariables(programs, activation, budget)
    assert compiled("variables.twice == 8 || variables.broken").evaluate(activation) is True
    assert set(activation["variables"]) == {"limit", "twice"} and budget.remaining < 1000
    with pytest.raises(EvaluationError, match='composited variable "broken" fails to evaluate: no such key: missing'):
        compiled("variables.broken").evaluate(activation)
