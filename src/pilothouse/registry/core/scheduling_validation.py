"""Validation of what decides where a pod runs (upstream: core/validation validateAffinity and its like)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.metavalidation import validate_label_name
from pilothouse.apimachinery.validation import (
    is_dns1123_label,
    is_dns1123_subdomain,
    is_label_value,
    is_qualified_name,
)
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.rules import (
    NONE,
    Errors,
    Obj,
    each,
    every,
    label_selector,
    matching,
    member,
    one_of,
    required,
    within,
)

_NO_OPERATOR = "not a valid selector operator"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSION = ("Honor", "Ignore")
_NEEDS_SELECTOR = "must not be specified when labelSelector is not set"
_IN_SELECTOR = "exists in both matchLabelKeys and labelSelector"


# Nodes


def validate_node_selector(selector: Obj, *, any_value: bool = False) -> Errors:
    """A list of terms, at least one. `any_value`: label values need not be valid."""
    if not selector.get("nodeSelectorTerms"):
        return (field.required("nodeSelectorTerms", "must have at least one node selector term"),)
    return each(selector, "nodeSelectorTerms", lambda term: validate_node_selector_term(term, any_value=any_value))


def validate_node_selector_term(term: Obj, *, any_value: bool = False) -> Errors:
    return [
        *each(term, "matchExpressions", lambda requirement: _node_requirement(requirement, any_value)),
        *each(term, "matchFields", _node_field_requirement),
    ]


def _node_requirement(requirement: Obj, any_value: bool) -> Errors:
    errors: list[Error] = []
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(field.required("values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(field.forbidden("values", text))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(field.required("values", text))
    else:
        errors.append(field.invalid("operator", operator, _NO_OPERATOR))
    errors += validate_label_name(requirement.get("key") or "", "key")
    if not any_value:
        for i, value in enumerate(values):
            errors += [field.invalid(f"values[{i}]", value, text) for text in is_label_value(value)]
    return errors


def _node_field_requirement(requirement: Obj) -> Errors:
    errors: list[Error] = []
    operator, key = requirement.get("operator") or "", requirement.get("key") or ""
    values = requirement.get("values") or ()
    if operator not in ("In", "NotIn"):
        errors.append(field.invalid("operator", operator, _NO_OPERATOR))
    elif len(values) != 1:
        text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(field.required("values", text))
    if key != "metadata.name":
        errors.append(field.invalid("key", key, "not a valid field selector key"))
        return errors
    for i, value in enumerate(values):
        errors += [field.invalid(f"values[{i}]", value, text) for text in is_dns1123_subdomain(value)]
    return errors


# Affinity


def validate_affinity(affinity: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    if (nodes := affinity.get("nodeAffinity")) is not None:
        errors += within("nodeAffinity", _node_affinity(nodes, rules))
    for name in ("podAffinity", "podAntiAffinity"):
        if (pods := affinity.get(name)) is not None:
            errors += within(name, each(pods, _REQUIRED, lambda term: _pod_affinity_term(term, rules)))
            errors += within(name, each(pods, _PREFERRED, lambda term: _weighted_term(term, rules)))
    return errors


def _node_affinity(affinity: Obj, rules: PodRules) -> Errors:
    any_value = rules.invalid_required_node_values
    return [
        *member(affinity, _REQUIRED, lambda selector: validate_node_selector(selector, any_value=any_value)),
        *each(affinity, _PREFERRED, _preferred_node_term),
    ]


def _preferred_node_term(term: Obj) -> Errors:
    preference = validate_node_selector_term(term.get("preference") or {}, any_value=True)
    return [*_weight(term), *within("preference", preference)]


def _weight(term: Obj) -> Errors:
    weight = term.get("weight") or 0
    return NONE if 0 < weight <= 100 else (field.invalid("weight", weight, "must be in the range 1-100"),)


def _weighted_term(term: Obj, rules: PodRules) -> Errors:
    return [*_weight(term), *within("podAffinityTerm", _pod_affinity_term(term.get("podAffinityTerm") or {}, rules))]


def _pod_affinity_term(term: Obj, rules: PodRules) -> Errors:
    errors: list[Error] = []
    for name in ("labelSelector", "namespaceSelector"):
        if (selector := term.get(name)) is not None:
            found = within(name, label_selector(selector))
            errors += _without_values(found) if rules.invalid_selector_values else found
    for name in term.get("namespaces") or ():
        errors += [field.invalid("namespace", name, text) for text in is_dns1123_label(name)]
    match, mismatch = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    errors += _label_keys(term, match, mismatch)
    errors += required(term, "topologyKey", "can not be empty")
    return [*errors, *validate_label_name(term.get("topologyKey") or "", "topologyKey")]


def _without_values(errors: Errors) -> Errors:
    """Leaves out what is wrong with single values of expressions."""
    return [e for e in errors if ".matchExpressions[" not in e.field or ".values[" not in e.field]


def _label_keys(term: Obj, match: Sequence[str], mismatch: Sequence[str]) -> Errors:
    """Keys whose values are taken from the pod (ValidateMatchLabelKeysAndMismatchLabelKeys)."""
    if not match and not mismatch:
        return NONE
    selector = term.get("labelSelector")
    errors = [
        *_key_names("matchLabelKeys", match, selector), *_key_names("mismatchLabelKeys", mismatch, selector),
    ]
    places = {key: i for i, key in enumerate(match)}
    seen = set((selector or {}).get("matchLabels") or ())
    for expression in (selector or {}).get("matchExpressions") or ():
        key = expression.get("key") or ""
        if key in places and key in seen:
            # upstream leaves the list's name out: kept
            errors.append(field.invalid(f"[{places[key]}]", key, _IN_SELECTOR))
        seen.add(key)
    text = "exists in both matchLabelKeys and mismatchLabelKeys"
    both = set(match) & set(mismatch)
    errors += [field.invalid(f"matchLabelKeys[{i}]", k, text) for i, k in enumerate(match) if k in both]
    return errors


def _key_names(name: str, keys: Sequence[str], selector: Obj | None) -> Errors:
    if not keys:
        return NONE
    if selector is None:
        return (field.forbidden(name, _NEEDS_SELECTOR),)
    return [error for i, key in enumerate(keys) for error in validate_label_name(key, f"{name}[{i}]")]


# Tolerations


def validate_tolerations(tolerations: Sequence[Obj]) -> Errors:
    return every(tolerations, _toleration)


def _toleration(toleration: Obj) -> Errors:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    effect, value = toleration.get("effect") or "", toleration.get("value") or ""
    errors: list[Error] = []
    if key:
        errors += validate_label_name(key, "key")
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(field.invalid("operator", operator, text))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(field.invalid("effect", effect, text))
    errors += _toleration_operator(operator, value)
    if effect:
        errors += one_of(toleration, "effect", _EFFECTS)
    return errors


def _toleration_operator(operator: str, value: str) -> Errors:
    if operator in ("Equal", ""):
        texts = is_label_value(value)
        return (field.invalid("operator", value, ";".join(texts)),) if texts else NONE
    if operator == "Exists":
        text = "value must be empty when `operator` is 'Exists'"
        return (field.invalid("operator", value, text),) if value else NONE
    # Lt and Gt are behind the gate TaintTolerationComparisonOperators
    known = ("Equal", "Exists", "Lt", "Gt") if operator in ("Lt", "Gt") else ("Equal", "Exists")
    return (field.not_supported("operator", operator, known),)


# Spreading and gates


def validate_spread_constraints(constraints: Sequence[Obj], rules: PodRules) -> Errors:
    errors: list[Error] = []
    later = Counter(map(_spread_key, constraints))
    for i, constraint in enumerate(constraints):
        key = _spread_key(constraint)
        later[key] -= 1
        if found := _spread_constraint(constraint, key, later[key] > 0, rules):
            errors += within(f"[{i}]", found)
    return errors


def _spread_key(constraint: Obj) -> tuple[str, str]:
    return constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""


def _spread_constraint(constraint: Obj, pair: tuple[str, str], repeated: bool, rules: PodRules) -> Errors:
    """`repeated`: whether a constraint with the same pair of key and action comes later."""
    key, action = pair
    errors = [*_above_zero(constraint, "maxSkew"), *required(constraint, "topologyKey", "can not be empty")]
    errors += one_of(constraint, "whenUnsatisfiable", _UNSATISFIABLE)
    if repeated:
        errors.append(field.duplicate("{topologyKey, whenUnsatisfiable}", f"{{{key}, {action}}}"))
    if (domains := constraint.get("minDomains")) is not None:
        errors += _above_zero(constraint, "minDomains")
        if action != "DoNotSchedule":
            text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errors.append(field.invalid("minDomains", domains, text))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if constraint.get(name) is not None:
            errors += one_of(constraint, name, _INCLUSION)
    errors += _label_keys(constraint, constraint.get("matchLabelKeys") or (), ())
    if not rules.invalid_spread_selectors:
        errors += member(constraint, "labelSelector", label_selector)
    return errors


def _above_zero(obj: Obj, name: str) -> Errors:
    value = obj.get(name) or 0
    return NONE if value > 0 else (field.invalid(name, value, "must be greater than zero"),)


def validate_readiness_gates(gates: Sequence[Obj]) -> Errors:
    return every(gates, lambda gate: matching(gate, "conditionType", is_qualified_name))


def validate_scheduling_gates(gates: Sequence[Obj]) -> Errors:
    errors: list[Error] = []
    seen: set[str] = set()
    for i, gate in enumerate(gates):
        name = gate.get("name") or ""
        errors += [field.invalid(f"[{i}]", name, text) for text in is_qualified_name(name)]
        if name in seen:
            errors.append(field.duplicate(f"[{i}]", name))
        seen.add(name)
    return errors


def validate_scheduling_group(group: Obj) -> Errors:
    """Upstream's first kind of group, of more to come."""
    if group.get("podGroupName") is None:
        return (field.invalid("podGroupName", None, "must specify one of: `podGroupName`"),)
    return matching(group, "podGroupName", is_dns1123_subdomain)


def new_gates(gates: Sequence[Obj], old: Collection[str]) -> Errors:
    """Gates may only be opened."""
    return [
        field.forbidden(f"[{i}].name", f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'")
        for i, gate in enumerate(gates)
        if gate.get("name") not in old
    ]
