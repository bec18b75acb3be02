"""What a definition's status says of it (upstream: apihelpers/helpers.go, pkg/controller/{status,establish,
nonstructuralschema,apiapproval}).

Pure functions over decoded definitions; `controller` writes what they find.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pilothouse.apimachinery import field
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.structural.model import StructuralError, new_structural
from pilothouse.apimachinery.structural.validation import validate_structural

Object = dict[str, Any]

ESTABLISHED: Final = "Established"
NAMES_ACCEPTED: Final = "NamesAccepted"
NON_STRUCTURAL: Final = "NonStructuralSchema"
TERMINATING: Final = "Terminating"
CONFORMANT: Final = "KubernetesAPIApprovalPolicyConformant"
APPROVED: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"


def find(definition: Mapping[str, Any], kind: str) -> Object | None:
    for condition in (definition.get("status") or {}).get("conditions") or ():
        if condition.get("type") == kind:
            found: Object = condition
            return found
    return None


def is_true(definition: Mapping[str, Any], kind: str) -> bool:
    condition = find(definition, kind)
    return condition is not None and condition.get("status") == "True"


def put(definition: Object, condition: Object, now: str) -> None:
    """Set a condition; its time moves only with its status."""
    known = find(definition, condition["type"])
    if known is None:
        status = definition.setdefault("status", {})
        status["conditions"] = [*(status.get("conditions") or ()), {**condition, "lastTransitionTime": now}]
        return
    if known.get("status") != condition["status"] or not known.get("lastTransitionTime"):
        known["lastTransitionTime"] = now
    known.update(condition)


def remove(definition: Object, kind: str) -> None:
    status = definition["status"]
    status["conditions"] = [c for c in status.get("conditions") or () if c.get("type") != kind]


def same(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    """Whether two conditions say the same, times aside."""
    if a is None or b is None:
        return a is b
    return all(a.get(name) == b.get(name) for name in ("type", "status", "reason", "message"))


def condition(kind: str, status: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def is_settled(definition: Mapping[str, Any]) -> bool:
    """Whether it is plain, without a closer look, that there is nothing to do about a definition."""
    spec, status = definition["spec"], definition.get("status") or {}
    return (
        definition["metadata"].get("deletionTimestamp") is None
        and spec["names"] == status.get("acceptedNames")
        and is_true(definition, ESTABLISHED) and is_true(definition, NAMES_ACCEPTED)
        and not spec.get("preserveUnknownFields") and find(definition, NON_STRUCTURAL) is None
        and not is_protected(spec["group"])
    )


# Names


def accept_names(definition: Object, resources: set[str], kinds: set[str], now: str) -> bool:
    """Takes over the names that are free, and says in conditions which are not. `resources` and `kinds` are the
    names that the group's definitions hold. Returns whether anything changed."""
    wanted = definition["spec"]["names"]
    status = definition.setdefault("status", {})
    accepted = status.get("acceptedNames") or {}
    if wanted == accepted:
        return False
    names, verdict = _accepted(wanted, accepted, resources, kinds)
    if names == accepted and same(verdict, find(definition, NAMES_ACCEPTED)):
        return False
    status["acceptedNames"] = names
    put(definition, verdict, now)
    established = find(definition, ESTABLISHED)
    if verdict["status"] == "True" and (established is None or established.get("status") != "True"):
        text = "the initial names have been accepted"
        put(definition, condition(ESTABLISHED, "False", "Installing", text), now)
    elif established is None:
        put(definition, condition(ESTABLISHED, "False", "NotAccepted", "not all names are accepted"), now)
    return True


def _accepted(
    wanted: Mapping[str, Any], accepted: Mapping[str, Any], resources: set[str], kinds: set[str]
) -> tuple[Object, Object]:
    names = dict(accepted)
    verdict = condition(NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found")

    def refuse(reason: str, texts: Sequence[str]) -> None:
        verdict.update(status="False", reason=reason, message=aggregate(texts))

    def take(name: str, reason: str, used: set[str]) -> None:
        value = wanted.get(name) or ""
        if value != (accepted.get(name) or "") and value in used:
            refuse(reason, [_in_use(value)])
        elif value:
            names[name] = value
        else:
            names.pop(name, None)

    take("plural", "PluralConflict", resources)
    take("singular", "SingularConflict", resources)
    _take_short_names(wanted, accepted, names, resources, refuse)
    take("kind", "KindConflict", kinds)
    take("listKind", "ListKindConflict", kinds)
    names.pop("categories", None)
    if wanted.get("categories"):
        names["categories"] = wanted["categories"]
    order = ("plural", "singular", "shortNames", "kind", "listKind", "categories")
    # Go writes these two always
    return {name: names.get(name, "") for name in order if name in names or name in ("plural", "kind")}, verdict


def _take_short_names(
    wanted: Mapping[str, Any], accepted: Mapping[str, Any], names: Object, resources: set[str], refuse: Any
) -> None:
    short, own = wanted.get("shortNames") or [], accepted.get("shortNames") or []
    if short == own:
        return
    texts = [_in_use(name) for name in short if name not in own and name in resources]
    if texts:
        refuse("ShortNamesConflict", texts)
    elif short:
        names["shortNames"] = short
    else:
        names.pop("shortNames", None)


def _in_use(name: str) -> str:
    return f"{field.go_quote(name)} is already in use"


# Established


def establish(definition: Object, now: str) -> bool:
    """A definition whose names are accepted is established, once. Returns whether anything changed."""
    if not is_true(definition, NAMES_ACCEPTED) or is_true(definition, ESTABLISHED):
        return False
    found = condition(ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted")
    if _has_bad_bundle(definition["spec"]):
        found = condition(ESTABLISHED, "False", "InvalidCABundle", "The conversion webhook CABundle is invalid")
    if same(found, find(definition, ESTABLISHED)):
        return False
    put(definition, found, now)
    return True


def _has_bad_bundle(spec: Mapping[str, Any]) -> bool:
    client = ((spec.get("conversion") or {}).get("webhook") or {}).get("clientConfig") or {}
    bundle = client.get("caBundle")
    if not bundle:
        return False
    from pilothouse.registry.apiextensions.ca_bundle import ca_bundle_problem

    try:
        blank = not base64.b64decode(bundle, validate=True).strip()
    except binascii.Error:
        blank = False
    return not blank and ca_bundle_problem(bundle) != ""


# Schemas


def check_structure(definition: Object, now: str) -> bool:
    """NonStructuralSchema says what keeps a schema from being structural. Returns whether anything changed.

    Others than those that keep unknown fields, or have been found wanting before, have been validated to be structural.
    """
    known = find(definition, NON_STRUCTURAL)
    if known is None and not definition["spec"].get("preserveUnknownFields"):
        return False
    found = _structure(definition["spec"])
    if same(found, known):
        return False
    if found is None:
        remove(definition, NON_STRUCTURAL)
    else:
        put(definition, found, now)
    return True


def _structure(spec: Mapping[str, Any]) -> Object | None:
    texts: list[str] = []
    if spec.get("preserveUnknownFields"):
        texts.append(str(field.invalid("spec.preserveUnknownFields", True, "must be false")))
    for i, version in enumerate(spec.get("versions") or ()):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            continue
        try:
            structural = new_structural(schema)
        except StructuralError as e:
            text = f"failed to check validation schema for version {version['name']}: {e}"
            return condition(NON_STRUCTURAL, "Unknown", "StructuralError", text)
        path = f"spec.versions[{i}].schema.openAPIV3Schema"
        texts += map(str, validate_structural(path, structural))
    return condition(NON_STRUCTURAL, "True", "Violations", aggregate(texts)) if texts else None


# Approval


def is_protected(group: str) -> bool:
    return f".{group}".endswith((".k8s.io", ".kubernetes.io"))


def check_approval(definition: Object, now: str) -> bool:
    """Groups of the Kubernetes community need an approval. Returns whether anything changed."""
    if not is_protected(definition["spec"]["group"]):
        return False
    found = _approval((definition["metadata"].get("annotations") or {}).get(APPROVED) or "")
    if same(found, find(definition, CONFORMANT)):
        return False
    put(definition, found, now)
    return True


def _approval(annotation: str) -> Object:
    must = f"protected groups must have approval annotation {field.go_quote(APPROVED)}"
    if not annotation:
        return condition(CONFORMANT, "False", "MissingAnnotation", f"{must}, {_SEE}")
    if annotation.startswith("unapproved"):
        return condition(CONFORMANT, "False", "UnapprovedAnnotation", f"not approved: {field.go_quote(annotation)}")
    if _is_url(annotation):
        return condition(CONFORMANT, "True", "ApprovedAnnotation", f"approved in {annotation}")
    text = f'{must} with either a URL or a reason starting with "unapproved", {_SEE}'
    return condition(CONFORMANT, "False", "InvalidAnnotation", text)


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return bool(url.scheme and url.netloc)
