"""Validation of pods on create and update (upstream: core/validation ValidatePodCreate and ValidatePodUpdate).

Metadata as such is checked by the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilothouse.apimachinery import field
from pilothouse.apimachinery.field import Error
from pilothouse.apimachinery.validation import in_range_error
from pilothouse.registry.core import scheduling_validation as scheduling
from pilothouse.registry.core.container_validation import image_without_spaces
from pilothouse.registry.core.pod_annotation_validation import (
    MIRROR_POD,
    validate_annotation_changes,
    validate_pod_annotations,
    validate_profiles_match,
)
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_spec_validation import validate_pod_spec
from pilothouse.registry.internal import internal, internal_diff
from pilothouse.registry.rules import NONE, Errors, Obj, each, within

_MAX_INT32 = 2**31 - 1
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_create(pod: Obj, rules: PodRules) -> Errors:
    spec, annotations = pod.get("spec") or {}, _annotations(pod)
    errors = [*validate_pod(pod, rules)]
    if spec.get("ephemeralContainers"):
        errors.append(field.forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        text = "cannot be set until all schedulingGates have been cleared"
        errors.append(field.forbidden("spec.nodeName", text))
    if annotations:
        errors += within("spec", validate_profiles_match(annotations, spec))
    return errors


def validate_pod(pod: Obj, rules: PodRules) -> Errors:
    """What holds for a pod at any time."""
    spec, metadata, annotations = pod.get("spec") or {}, pod["metadata"], _annotations(pod)
    errors: list[Error] = []
    if annotations:
        errors += within("metadata.annotations", validate_pod_annotations(annotations, spec, rules))
    if annotations and MIRROR_POD in annotations:
        errors += _mirror_claims(spec, metadata, rules)
    else:
        errors += within("spec", validate_pod_spec(spec, metadata, rules))
    if not spec.get("serviceAccountName"):
        errors += _tokens_without_account(spec)
    for name in ("containers", "initContainers"):
        errors += within("spec", each(spec, name, image_without_spaces))
    return errors


def _mirror_claims(spec: Obj, metadata: Obj, rules: PodRules) -> Errors:
    """A mirror pod is refused resource claims, each at no path, and they are not looked at."""
    claims = spec.get("resourceClaims") or ()
    names = {**spec, "resourceClaims": None} if claims else spec
    refused = [field.forbidden("[]", "static pods do not support resource claims") for _ in claims]
    return [*refused, *within("spec", validate_pod_spec(names, metadata, rules))]


def _tokens_without_account(spec: Obj) -> Errors:
    return [
        field.forbidden(
            f"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken",
            "must not be specified when serviceAccountName is not set",
        )
        for i, volume in enumerate(spec.get("volumes") or ())
        for j, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if "serviceAccountToken" in source
    ]


def validate_pod_update(pod: Obj, old: Obj, rules: PodRules) -> Errors:
    errors = [*validate_pod(pod, rules), *validate_pod_annotation_update(pod, old, rules)]
    spec, before = pod.get("spec") or {}, old.get("spec") or {}
    for name in ("containers", "initContainers"):
        new_list, old_list = spec.get(name) or (), before.get(name) or ()
        if len(new_list) != len(old_list):
            return [*errors, field.forbidden(f"spec.{name}", "pod updates may not add or remove containers")]
        errors += within("spec", each(spec, name, _image))
    found, stop = _deadline(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    errors += found
    if stop:
        return errors
    tolerations, gates = spec.get("tolerations") or (), spec.get("schedulingGates") or ()
    errors += within("spec.tolerations", _only_added(tolerations, before.get("tolerations") or ()))
    old_gates = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    errors += within("spec.schedulingGates", scheduling.new_gates(gates, old_gates))
    if spec == before:
        return errors
    return [*errors, *within("spec", _immutable_rest(spec, before))]


def validate_pod_annotation_update(pod: Obj, old: Obj, rules: PodRules) -> Errors:
    new_annotations, old_annotations = _annotations(pod), _annotations(old)
    if not new_annotations and not old_annotations:
        return NONE
    changes = validate_annotation_changes(new_annotations, old_annotations)
    found = validate_pod_annotations(new_annotations, pod.get("spec") or {}, rules)
    return within("metadata.annotations", [*changes, *found])


def _annotations(pod: Obj) -> Any:
    return pod["metadata"].get("annotations") or {}


def _image(container: Obj) -> Errors:
    return image_without_spaces(container) if container.get("image") else (field.required("image"),)


def _deadline(seconds: int | None, before: int | None) -> tuple[Errors, bool]:
    """Whether the deadline may change so, and whether nothing else is looked at then."""
    at = "spec.activeDeadlineSeconds"
    if seconds is None:
        text = "must not update from a positive integer to nil value"
        return (NONE if before is None else (field.invalid(at, None, text),)), False
    if not 0 <= seconds <= _MAX_INT32:
        return (field.invalid(at, seconds, in_range_error(0, _MAX_INT32)),), True
    if before is not None and before < seconds:
        return (field.invalid(at, seconds, "must be less than or equal to previous value"),), True
    return NONE, False


def _only_added(tolerations: Sequence[Obj], before: Sequence[Obj]) -> Errors:
    def but_seconds(toleration: Obj) -> frozenset[tuple[str, Any]]:
        return frozenset((k, v) for k, v in toleration.items() if k != "tolerationSeconds")

    kept = set(map(but_seconds, tolerations))
    if any(but_seconds(old) not in kept for old in before):
        return (field.forbidden("", "existing toleration can not be modified except its tolerationSeconds"),)
    return scheduling.validate_tolerations(tolerations)


def _immutable_rest(spec: Obj, before: Obj) -> Errors:
    """Everything that an update of a pod has no business with. Paths begin at the spec."""
    rest = dict(spec)
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _keep(rest, before, name)
    for name in ("containers", "initContainers"):
        if spec.get(name):
            rest[name] = [
                {**container, "image": was.get("image")} if "image" in was else _without_image(container)
                for container, was in zip(spec[name], before[name], strict=True)
            ]
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and rest.get("terminationGracePeriodSeconds") == 1:
        rest["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
    errors: list[Error] = []
    if before.get("schedulingGates"):
        errors += _gated_changes(rest, before)
    if rest != before:
        diff = internal_diff("core.PodSpec", before, rest)
        text = f"pod updates may not change fields other than {_UPDATABLE}\n{diff}"
        errors.append(field.forbidden("", text))
    return errors


def _without_image(container: Obj) -> dict[str, Any]:
    return {k: v for k, v in container.items() if k != "image"}


def _keep(obj: dict[str, Any], old: Obj, name: str) -> None:
    if old.get(name) is None:
        obj.pop(name, None)
    else:
        obj[name] = old[name]


def _gated_changes(rest: dict[str, Any], before: Obj) -> Errors:
    """While gates are closed, a pod may still be narrowed down to fewer nodes; takes such changes out of `rest`."""
    errors: list[Error] = []
    selector, old_selector = rest.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if any(selector.get(key) != value for key, value in old_selector.items()):
        text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(field.invalid("nodeSelector", selector or None, text))
    _keep(rest, before, "nodeSelector")
    affinity, old_affinity = rest.get("affinity"), before.get("affinity")
    nodes, old_nodes = (affinity or {}).get("nodeAffinity"), (old_affinity or {}).get("nodeAffinity")
    if nodes == old_nodes:
        return errors
    errors += within("affinity.nodeAffinity", _only_narrowed(nodes, old_nodes))
    merged = dict(affinity or {})
    _keep(merged, {"nodeAffinity": old_nodes}, "nodeAffinity")
    if merged or old_affinity is not None:
        rest["affinity"] = merged
    else:
        rest.pop("affinity", None)
    return errors


def _only_narrowed(nodes: Obj | None, old_nodes: Obj | None) -> Errors:
    old_required = (old_nodes or {}).get(_REQUIRED)
    if old_required is None:
        return NONE
    old_terms = old_required.get("nodeSelectorTerms") or []
    terms = ((nodes or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    at = f"{_REQUIRED}.nodeSelectorTerms"
    if old_terms and len(old_terms) != len(terms):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return (field.invalid(at, internal("[]core.NodeSelectorTerm", terms or None), text),)
    text = "only additions are allowed (no mutations or deletions)"
    return [
        field.invalid(f"{at}[{i}]", internal("core.NodeSelectorTerm", term), text)
        for i, (term, old) in enumerate(zip(terms, old_terms, strict=False))
        if not _has_only_additions(term, old)
    ]


def _has_only_additions(term: Obj, old: Obj) -> bool:
    names = ("matchExpressions", "matchFields")
    if not any(old.get(name) for name in names):
        # a term without requirements matches nothing
        return not any(term.get(name) for name in names)
    return all((term.get(name) or [])[: len(old.get(name) or ())] == (old.get(name) or []) for name in names)
