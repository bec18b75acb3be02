"""Admission of one request (upstream: registry/rest/create.go AdmissionToValidateObjectFunc, handlers/update.go).

Mutating admission runs in the handler, before the store's strategy; validating admission is handed to the
store, which calls it after its own validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pilothouse.admission.interface import CREATE, DELETE, UPDATE, Attributes
from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.authorization.interface import Attributes as AuthorizationAttributes
from pilothouse.authorization.interface import AuthorizationError, Decision
from pilothouse.registry.rest import DeleteOptions, WriteOptions

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.endpoints.scope import Scope
    from pilothouse.registry.rest import Object, Validation

class Admitting:
    """What admission is told about the request at hand. `options` are those of the request's own verb."""

    def __init__(
        self, scope: Scope, request: Request, namespace: str, name: str, options: WriteOptions | DeleteOptions
    ) -> None:
        self._chain = scope.services.admission
        self._scope = scope
        self._request = request
        self._namespace = namespace
        self._name = name
        self._options = options
        self._made: Attributes | None = None

    async def mutate(self, operation: str, obj: Object, old: Object | None) -> Object:
        """The object as the mutating plugins leave it. Raises StatusError."""
        chain, scope = self._chain, self._scope
        if chain is None or not chain.route(operation, scope.group_resource, scope.subresource_name).mutators:
            return obj
        attributes = self._attributes(operation, obj, old)
        await chain.admit(attributes)
        return attributes.object if attributes.object is not None else obj

    def of_create(self) -> Validation | None:
        """What the store calls before it creates."""
        if self._chain is None:
            return None
        return self._chain.validation(self._attributes(CREATE, None, None))

    def of_delete(self) -> Validation | None:
        """What the store calls before it deletes."""
        if self._chain is None:
            return None
        return self._chain.deletion(self._attributes(DELETE, None, None))

    def of_update(self) -> Validation:
        """What the store calls before it updates; an update that creates must be allowed to create."""
        on_update = None if self._chain is None else self._chain.validation(self._attributes(UPDATE, None, None))

        async def validate(obj: Object | None, old: Object | None) -> None:
            if old is not None:
                if on_update is not None:
                    await on_update(obj, old)
                return
            await self._authorize_create()
            on_create = self.of_create()
            if on_create is not None:
                await on_create(obj, None)

        return validate

    async def _authorize_create(self) -> None:
        scope = self._scope
        authorizer = scope.services.authorizer
        if authorizer is None:
            raise status.internal_error("no authorizer provided, unable to authorize a create on update")
        asked = AuthorizationAttributes.of_request(self._request.context.user, self._request.context.request_info)
        asked.verb = "create"
        try:
            decision, reason = await authorizer.authorize(asked)
        except AuthorizationError as e:
            raise status.internal_error(str(e)) from None
        if decision is not Decision.ALLOW:
            cause = forbidden_message(asked)
            raise status.forbidden(scope.group_resource, self._name, f"{cause}: {reason}" if reason else cause)

    def _attributes(self, operation: str, obj: Object | None, old: Object | None) -> Attributes:
        made = self._made
        if made is not None and made.operation == operation:
            # mutating admission is over when validating admission begins
            made.object, made.old_object = obj, old
            return made
        scope, options = self._scope, self._options
        made = self._made = Attributes(
            self._request.context, operation, scope.kind, scope.group_resource, namespace=self._namespace,
            name=self._name, subresource=scope.subresource_name, object=obj, old_object=old,
            options=partial(_wire, operation, options), dry_run=options.dry_run,
        )
        return made


def _wire(operation: str, options: WriteOptions | DeleteOptions) -> Mapping[str, Any]:
    """metav1.CreateOptions, UpdateOptions or DeleteOptions."""
    found: dict[str, Any] = {"kind": f"{operation.capitalize()}Options", "apiVersion": "meta.k8s.io/v1"}
    if isinstance(options, WriteOptions):
        fields: dict[str, Any] = {"fieldManager": options.field_manager, "fieldValidation": options.field_validation}
    else:
        fields = {
            "gracePeriodSeconds": options.grace_period_seconds,
            "preconditions": _preconditions(options),
            "orphanDependents": options.orphan_dependents,
            "propagationPolicy": options.propagation_policy,
        }
    found.update((name, value) for name, value in fields.items() if value not in (None, ""))
    if options.dry_run:
        found["dryRun"] = ["All"]
    return found


def _preconditions(options: DeleteOptions) -> dict[str, str] | None:
    pairs = (("uid", options.uid), ("resourceVersion", options.resource_version))
    return {name: value for name, value in pairs if value is not None} or None


def forbidden_message(a: AuthorizationAttributes) -> str:
    """Who may not do what (upstream: responsewriters/errors.go, forbiddenMessage)."""
    resource = f"{a.resource}/{a.subresource}" if a.subresource else a.resource
    where = f"in the namespace {go_quote(a.namespace)}" if a.namespace else "at the cluster scope"
    text = (
        f"User {go_quote(a.user.name)} cannot {a.verb} resource {go_quote(resource)} "
        f"in API group {go_quote(a.api_group)} {where}"
    )
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
