"""Access reviews: questions to the authorizer (upstream: pkg/registry/authorization)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.aside import aside
from pilothouse.apimachinery.gvk import GroupKind
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.registry.authorization import selectors
from pilothouse.registry.rest import Object, SubresourceCall

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Dependencies

#: What is wrong with a review.
Check = Callable[[Object], list[field.Error]]

#: upstream asks the decoded object for its kind, which decoding has cleared (subjectaccessreview/rest.go): kept
_NO_KIND = GroupKind("authorization.k8s.io", "")


class AccessReviews:
    """The handlers of the four reviews. Without an authorizer or a rule resolver nothing is allowed."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    async def subject(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """SubjectAccessReview. Raises 422."""
        return await self._review(ctx, call.body or {}, _errors)

    async def local(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """LocalSubjectAccessReview. Raises 422."""
        return await self._review(ctx, call.body or {}, partial(_local_errors, call.namespace))

    async def self(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """SelfSubjectAccessReview. Raises 422."""
        return await self._review(ctx, call.body or {}, _self_errors, ctx.user)

    async def self_rules(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """SelfSubjectRulesReview. Raises 400."""
        namespace = ((call.body or {}).get("spec") or {}).get("namespace")
        if not namespace:
            raise status.bad_request("no namespace on request")
        answer: Object = {"resourceRules": [], "nonResourceRules": [], "incomplete": False}
        resolver = self._dependencies.rule_resolver
        if resolver is not None:
            rules = resolver.rules_for(ctx.user, namespace)
            answer["resourceRules"] = [
                _without_empty(
                    verbs=r.verbs, apiGroups=r.api_groups, resources=r.resources, resourceNames=r.resource_names
                )
                for r in rules.resource_rules
            ]
            answer["nonResourceRules"] = [
                _without_empty(verbs=r.verbs, nonResourceURLs=r.non_resource_urls) for r in rules.non_resource_rules
            ]
            answer["incomplete"] = rules.incomplete
            if rules.errors:
                answer["evaluationError"] = aggregate(rules.errors)
        # upstream answers with a new object, without the spec's namespace
        return {
            "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1",
            "metadata": {}, "spec": {}, "status": answer,
        }

    async def _review(self, ctx: Context, review: Object, check: Check, user: User | None = None) -> Object:
        question = partial(_question, review, check, user)
        # selectors can be long
        attributes, unread = await aside(question) if ctx.heavy else question()
        decision, reason, error = Decision.NO_OPINION, "", ""
        authorizer = self._dependencies.authorizer
        if authorizer is not None:
            try:
                decision, reason = await authorizer.authorize(attributes)
            except AuthorizationError as e:
                error, reason = str(e), e.reason
                decision = Decision.DENY if e.final else decision
        answer: Object = {"allowed": decision is Decision.ALLOW}
        if decision is Decision.DENY:
            answer["denied"] = True
        if reason:
            answer["reason"] = reason
        problems = [text for text in (error, *unread) if text]
        if problems:
            answer["evaluationError"] = "; ".join(problems)
        review["status"] = answer
        return review


def _question(review: Object, check: Check, user: User | None) -> tuple[Attributes, list[str]]:
    """What a review asks, as `_attributes` says it. Raises 422."""
    if errors := check(review):
        raise status.invalid(_NO_KIND, "", errors)
    spec = review["spec"]
    return _attributes(spec, user if user is not None else _user(spec))


def _without_empty(**lists: tuple[str, ...]) -> Object:
    return {name: list(values) for name, values in lists.items() if values or name == "verbs"}


def _user(spec: Object) -> User:
    extra = {key: tuple(values or ()) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()), extra)


def _attributes(spec: Object, user: User) -> tuple[Attributes, list[str]]:
    """What is asked, and what of its selectors could not be read."""
    resource = spec.get("resourceAttributes")
    if resource is None:
        path = spec["nonResourceAttributes"]
        return Attributes(user, path.get("verb") or "", False, path.get("path") or ""), []
    of_fields, fields_unread = selectors.field_selector(resource)
    of_labels, labels_unread = selectors.label_selector(resource)
    unread = []
    for name, how in (("fieldSelector", fields_unread), ("labelSelector", labels_unread)):
        if how:
            partially = "partially " if how == "partially" else ""
            unread.append(f"spec.resourceAttributes.{name} {partially}ignored due to parse error")
    attributes = Attributes(
        user, resource.get("verb") or "",
        api_group=resource.get("group") or "", api_version=resource.get("version") or "*",
        namespace=resource.get("namespace") or "", resource=resource.get("resource") or "",
        subresource=resource.get("subresource") or "", name=resource.get("name") or "",
        field_selector=of_fields, label_selector=of_labels,
    )
    return attributes, unread


def _errors(review: Object) -> list[field.Error]:
    return [*_spec_errors(review), *_metadata_errors(review, "must be empty")]


def _self_errors(review: Object) -> list[field.Error]:
    return [*_attribute_errors(review), *_metadata_errors(review, "must be empty")]


def _local_errors(namespace: str, review: Object) -> list[field.Error]:
    errors = [*_spec_errors(review), *_metadata_errors(review, "must be empty except for namespace", "namespace")]
    spec = review["spec"]
    resource = spec.get("resourceAttributes")
    if resource is not None and (resource.get("namespace") or "") != namespace:
        where = "spec.resourceAttributes.namespace"
        errors.append(field.invalid(where, resource.get("namespace") or "", "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        text = "disallowed on this kind of request"
        errors.append(field.invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"], text))
    return errors


def _attribute_errors(review: Object) -> list[field.Error]:
    spec = review.setdefault("spec", {})
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    errors = []
    if resource is not None and path is not None:
        text = "cannot be specified in combination with resourceAttributes"
        errors.append(field.invalid("spec.nonResourceAttributes", path, text))
    if resource is None and path is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(field.invalid("spec.resourceAttributes", None, text))
    return errors + (selectors.selector_errors(resource) if resource is not None else [])


def _spec_errors(review: Object) -> list[field.Error]:
    errors = _attribute_errors(review)
    spec = review["spec"]
    if not spec.get("user") and not spec.get("groups"):
        at = next((i for i, e in enumerate(errors) if "Selector" in e.field), len(errors))
        errors.insert(at, field.invalid("spec.user", "", "at least one of user or group must be specified"))
    return errors


def _metadata_errors(review: Object, text: str, *allowed: str) -> list[field.Error]:
    metadata = review.get("metadata") or {}
    given = {name for name, value in metadata.items() if value or value == 0} - {"managedFields", *allowed}
    return [field.invalid("metadata", metadata, text)] if given else []
