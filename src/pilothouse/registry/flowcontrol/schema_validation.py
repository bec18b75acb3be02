"""Validation of flow schemas (upstream: pkg/apis/flowcontrol/validation)."""

from __future__ import annotations

from typing import Any, Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.equality import same_or_empty
from pilothouse.apimachinery.names import is_dns_label
from pilothouse.apimachinery.validation import is_dns1123_subdomain
from pilothouse.registry.flowcontrol import mandatory
from pilothouse.registry.flowcontrol.level_validation import validate_conditions
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    go_struct,
    required,
    required_matching,
    within,
)

_MOST_PRECEDENCE: Final = 10000
_METHODS: Final = ("ByNamespace", "ByUser")
_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
#: The fields of a subject by its kind, in the order in which upstream complains of them.
_SUBJECTS: Final = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_KINDS: Final = tuple(sorted(_SUBJECTS))
_NAMESPACE_INTRO: Final = "each member of this list must be '*' or a DNS-1123 label; "


def validate_flow_schema(schema: Obj) -> Errors:
    name, spec = schema["metadata"].get("name") or "", schema.get("spec") or {}
    errors = [*within("spec", _validate_spec(name, spec))]
    fixed = mandatory.FLOW_SCHEMAS.get(name)
    if fixed is not None and not same_or_empty(spec, fixed):
        errors.append(field.invalid("spec", _shown(spec), f"spec of '{name}' must equal the fixed value"))
    return [*errors, *validate_conditions(schema)]


def _validate_spec(name: str, spec: Obj) -> Errors:
    errors = []
    precedence = spec.get("matchingPrecedence") or 0
    if precedence <= 0:
        errors.append(field.invalid("matchingPrecedence", precedence, "must be a positive value"))
    if precedence > _MOST_PRECEDENCE:
        text = f"must not be greater than {_MOST_PRECEDENCE}"
        errors.append(field.invalid("matchingPrecedence", precedence, text))
    if precedence == 1 and name != "exempt":
        text = "only the schema named 'exempt' may have matchingPrecedence 1"
        errors.append(field.invalid("matchingPrecedence", precedence, text))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        # upstream shows the whole method as the value of its type: kept
        errors.append(field.not_supported("distinguisherMethod.type", go_struct(method, Type=""), _METHODS))
    level = spec.get("priorityLevelConfiguration") or {}
    errors += within("priorityLevelConfiguration", required_matching(
        level, "name", is_dns1123_subdomain, "must reference a priority level"
    ))
    return [*errors, *each(spec, "rules", _validate_rule)]


def _validate_rule(rule: Obj) -> Errors:
    errors = [*required(rule, "subjects", "subjects must contain at least one value")]
    errors += each(rule, "subjects", _validate_subject)
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        errors.append(field.required("", "at least one of resourceRules and nonResourceRules has to be non-empty"))
    errors += each(rule, "resourceRules", _validate_resource_rule)
    errors += each(rule, "nonResourceRules", _validate_non_resource_rule)
    return errors


def _validate_subject(subject: Obj) -> Errors:
    kind = subject.get("kind") or ""
    name = _SUBJECTS.get(kind)
    if name is None:
        return (field.not_supported("kind", kind, _KINDS),)
    own = subject.get(name)
    if own is None:
        errors = [field.required(name, f"{name} is required when subject kind is '{kind}'")]
    elif kind == "ServiceAccount":
        errors = [*within(name, _validate_service_account(own))]
    else:
        errors = [*within(name, required(own, "name"))]
    return errors + [
        field.forbidden(other, f"{other} is forbidden when subject kind is not '{of}'")
        for of, other in _SUBJECTS.items() if other != name and subject.get(other) is not None
    ]


def _validate_service_account(account: Obj) -> Errors:
    return [
        *(NONE if account.get("name") == "*" else required_matching(account, "name", is_dns1123_subdomain)),
        *required_matching(account, "namespace", is_dns_label, "must specify namespace for service account"),
    ]


def _validate_resource_rule(rule: Obj) -> Errors:
    errors = [*_validate_verbs(rule)]
    for name, one in (("apiGroups", "api group"), ("resources", "resource")):
        values = rule.get(name)
        if not values:
            errors.append(field.required(name, f"resource rules must supply at least one {one}"))
        elif len(values) > 1 and "*" in values:
            errors.append(field.invalid(name, values, f"if '*' is present, must not specify other {one}s"))
    namespaces = rule.get("namespaces") or []
    if not namespaces and not rule.get("clusterScope"):
        text = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(field.required("namespaces", text))
    elif "*" in namespaces:
        if len(namespaces) > 1:
            text = "if '*' is present, must not specify other namespaces"
            errors.append(field.invalid("namespaces", namespaces, text))
    else:
        errors += [
            field.invalid(f"namespaces[{i}]", namespace, _NAMESPACE_INTRO + text)
            for i, namespace in enumerate(namespaces) for text in is_dns_label(namespace)
        ]
    return errors


def _validate_non_resource_rule(rule: Obj) -> Errors:
    errors = [*_validate_verbs(rule)]
    urls = rule.get("nonResourceURLs")
    if not urls:
        errors.append(field.required("nonResourceURLs", "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        if len(urls) > 1:
            text = "if '*' is present, must not specify other non-resource URLs"
            errors.append(field.invalid("nonResourceURLs", urls, text))
    else:
        errors += [
            field.invalid(f"nonResourceURLs[{i}]", url, text) for i, url in enumerate(urls) if (text := _bad_url(url))
        ]
    return errors


def _validate_verbs(rule: Obj) -> Errors:
    verbs = rule.get("verbs")
    if not verbs:
        return (field.required("verbs", "verbs must contain at least one value"),)
    if "*" in verbs:
        if len(verbs) == 1:
            return NONE
        return (field.invalid("verbs", verbs, "if '*' is present, must not specify other verbs"),)
    return NONE if set(verbs) <= set(_VERBS) else (field.not_supported("verbs", verbs, _VERBS),)


def _bad_url(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    return "wildcard can only do suffix matching" if stars > 1 or (stars and not url.endswith("/*")) else ""


def _shown(spec: Obj) -> dict[str, Any]:
    method = spec.get("distinguisherMethod")
    return {
        "PriorityLevelConfiguration": go_struct(spec.get("priorityLevelConfiguration") or {}, Name=""),
        "MatchingPrecedence": spec.get("matchingPrecedence") or 0,
        "DistinguisherMethod": None if method is None else go_struct(method, Type=""),
        "Rules": [
            {
                "Subjects": [_shown_subject(subject) for subject in rule.get("subjects") or ()],
                "ResourceRules": [
                    go_struct(
                        r, Verbs=None, APIGroups=None, Resources=None, ClusterScope=False, Namespaces=None
                    ) for r in rule.get("resourceRules") or ()
                ],
                "NonResourceRules": [
                    {"Verbs": r.get("verbs"), "NonResourceURLs": r.get("nonResourceURLs")}
                    for r in rule.get("nonResourceRules") or ()
                ],
            }
            for rule in spec.get("rules") or ()
        ],
    }


def _shown_subject(subject: Obj) -> dict[str, Any]:
    user, group, account = (subject.get(name) for name in ("user", "group", "serviceAccount"))
    return {
        "Kind": subject.get("kind") or "",
        "User": None if user is None else go_struct(user, Name=""),
        "Group": None if group is None else go_struct(group, Name=""),
        "ServiceAccount": None if account is None else go_struct(account, Namespace="", Name=""),
    }
