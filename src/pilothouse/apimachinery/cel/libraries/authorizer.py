"""`authorizer`: asks whether somebody may do something (apiserver pkg/cel/library/authz.go).

An activation gives an `Authorizer` value. It decides through a function that is handed in: this module knows no
authorizer, and never waits for one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from pilothouse.apimachinery import names
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.values import EvaluationError

AUTHORIZER_TYPE: Final = t.StructType("kubernetes.authorization.Authorizer", {})
PATH_CHECK_TYPE: Final = t.StructType("kubernetes.authorization.PathCheck", {})
GROUP_CHECK_TYPE: Final = t.StructType("kubernetes.authorization.GroupCheck", {})
RESOURCE_CHECK_TYPE: Final = t.StructType("kubernetes.authorization.ResourceCheck", {})
DECISION_TYPE: Final = t.StructType("kubernetes.authorization.Decision", {})


@dataclass(frozen=True, slots=True)
class Decision:
    """What an authorizer said; `error` is "" when it could decide."""

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `path` is set for a check of a path; the other fields are for resources.

    `service_account` is (namespace, name) when the question is about that account and not about the user.
    """

    verb: str
    path: str = ""
    api_group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    service_account: tuple[str, str] | None = None


Decide = Callable[[Question], Decision]


class _Value:
    cel_type: t.Type
    unit_equality = True


class Authorizer(_Value):
    """The value of the variable `authorizer`."""

    cel_type = AUTHORIZER_TYPE

    def __init__(self, decide: Decide, service_account: tuple[str, str] | None = None) -> None:
        self.decide = decide
        self.service_account = service_account


class Check(_Value):
    """A question that is being put together."""

    def __init__(self, cel_type: t.Type, authorizer: Authorizer, question: Question) -> None:
        self.cel_type = cel_type
        self.authorizer = authorizer
        self.question = question

    def with_(self, **parts: str) -> "Check":
        return Check(self.cel_type, self.authorizer, replace(self.question, **parts))  # type: ignore[arg-type]


class Answer(_Value):
    """The value of a check."""

    cel_type = DECISION_TYPE

    def __init__(self, decision: Decision) -> None:
        self.decision = decision


def request_resource(
    decide: Decide, api_group: str, resource: str, subresource: str, namespace: str, name: str
) -> Check:
    """The value of `authorizer.requestResource`."""
    question = Question("", "", api_group, resource, subresource, namespace, name)
    return Check(RESOURCE_CHECK_TYPE, Authorizer(decide), question)


def _path(authorizer: Authorizer, path: str) -> Check:
    if not path.strip():
        raise EvaluationError("path must not be empty")
    question = Question("", path=path, service_account=authorizer.service_account)
    return Check(PATH_CHECK_TYPE, authorizer, question)


def _group(authorizer: Authorizer, group: str) -> Check:
    question = Question("", api_group=group, service_account=authorizer.service_account)
    return Check(GROUP_CHECK_TYPE, authorizer, question)


def _service_account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    if names.is_dns_subdomain(name):
        raise EvaluationError("Invalid service account name")
    if names.is_dns_label(namespace):
        raise EvaluationError("Invalid service account namespace")
    return Authorizer(authorizer.decide, (namespace, name))


def _resource(check: Check, resource: str) -> Check:
    if not resource.strip():
        raise EvaluationError("resource must not be empty")
    return Check(RESOURCE_CHECK_TYPE, check.authorizer, replace(check.question, resource=resource))


def _check(check: Check, verb: str) -> Answer:
    return Answer(check.authorizer.decide(replace(check.question, verb=verb)))


def library() -> Library:
    made = Library({
        "Authorizer": AUTHORIZER_TYPE, "PathCheck": PATH_CHECK_TYPE, "GroupCheck": GROUP_CHECK_TYPE,
        "ResourceCheck": RESOURCE_CHECK_TYPE, "Decision": DECISION_TYPE,
    })
    made.add("path", {"authorizer_path": ("Authorizer.(string) PathCheck", _path)})
    made.add("group", {"authorizer_group": ("Authorizer.(string) GroupCheck", _group)})
    made.add("serviceAccount", {
        "authorizer_serviceaccount": ("Authorizer.(string, string) Authorizer", _service_account),
    })
    made.add("resource", {"groupcheck_resource": ("GroupCheck.(string) ResourceCheck", _resource)})
    parts = (
        ("subresource", "resourcecheck_subresource", "subresource"),
        ("namespace", "resourcecheck_namespace", "namespace"), ("name", "resourcecheck_name", "name"),
        ("fieldSelector", "authorizer_fieldselector", "field_selector"),
        ("labelSelector", "authorizer_labelselector", "label_selector"),
    )
    for name, id, part in parts:
        made.add(name, {
            id: ("ResourceCheck.(string) ResourceCheck", lambda c, value, part=part: c.with_(**{part: value})),
        })
    made.add("check", {
        "pathcheck_check": ("PathCheck.(string) Decision", _check),
        "resourcecheck_check": ("ResourceCheck.(string) Decision", _check),
    })
    answers: tuple[tuple[str, str, str, Any], ...] = (
        ("errored", "decision_errored", "bool", lambda a: bool(a.decision.error)),
        ("error", "decision_error", "string", lambda a: a.decision.error),
        ("allowed", "decision_allowed", "bool", lambda a: a.decision.allowed),
        ("reason", "decision_reason", "string", lambda a: a.decision.reason),
    )
    for name, id, result, implementation in answers:
        made.add(name, {id: (f"Decision.() {result}", implementation)})
    made.types = {}
    return made
