"""What an AuthorizationConfiguration must be (upstream: k8s.io/apiserver pkg/apis/apiserver/validation,
pkg/kubeapiserver/authorizer/config.go).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from pilothouse.apimachinery import duration, field, names
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.field import Error, child, index
from pilothouse.authorization.configuration import (
    AuthorizationConfiguration,
    ConfiguredAuthorizer,
    WebhookConfiguration,
    load,
)
from pilothouse.authorization.factory import MODES
from pilothouse.authorization.webhook import VERSIONS

_MAX_TIMEOUT: Final = 30 * duration.SECOND
_MOST_CONDITIONS: Final = 64
IN_CLUSTER: Final = "InClusterConfig"
KUBECONFIG: Final = "KubeConfigFile"


def load_file(path: str) -> tuple[AuthorizationConfiguration, bytes]:
    """A valid configuration, and the file's bytes. Raises ValueError with all that is wrong."""
    try:
        data = Path(path).read_bytes()
    except OSError as e:
        raise ValueError(f"open {path}: {_reason(e)}") from None
    return load_valid(data), data


def load_valid(data: bytes, required: Collection[str] = ()) -> AuthorizationConfiguration:
    """`required` are types that must be there. Raises ValueError with all that is wrong."""
    try:
        configuration = load(data)
    except ValueError as e:
        raise ValueError(f"failed to load AuthorizationConfiguration from file: {e}") from None
    errors: list[object] = list(validate(configuration))
    if not errors:
        errors += _misnamed(configuration)
        missing = sorted(set(required) - configuration.types)
        if missing:
            errors.append(f"missing required types: [{' '.join(missing)}]")
    if errors:
        raise ValueError(aggregate(errors))
    return configuration


def _misnamed(configuration: AuthorizationConfiguration) -> Iterator[str]:
    for authorizer in configuration.authorizers:
        expected = authorizer.type.lower()
        if authorizer.type != "Webhook" and authorizer.name != expected:
            yield f"expected name {expected} for authorizer {authorizer.type} instead of {authorizer.name}"


def validate(configuration: AuthorizationConfiguration) -> list[Error]:
    if not configuration.authorizers:
        return [field.required("authorizers", "at least one authorization mode must be defined")]
    errors: list[Error] = []
    types: set[str] = set()
    seen: set[str] = set()
    for i, authorizer in enumerate(configuration.authorizers):
        path = index("authorizers", i)
        wrong_type = _type(child(path, "type"), authorizer.type, types)
        if wrong_type is not None:
            errors.append(wrong_type)
            continue
        types.add(authorizer.type)
        errors += _name(child(path, "name"), authorizer.name, seen)
        seen.add(authorizer.name)
        errors += _webhook_of(path, authorizer)
    return errors


def _type(path: str, given: str, seen: set[str]) -> Error | None:
    if not given:
        return field.required(path)
    if given not in MODES:
        return field.not_supported(path, given, sorted(MODES))
    return field.duplicate(path, given) if given in seen and given != "Webhook" else None


def _name(path: str, given: str, seen: set[str]) -> Iterator[Error]:
    if not given:
        yield field.required(path)
    elif given in seen:
        yield field.duplicate(path, given)
    elif wrong := names.is_dns_subdomain(given):
        yield field.invalid(path, given, f"authorizer name is invalid: {', '.join(wrong)}")


def _webhook_of(path: str, authorizer: ConfiguredAuthorizer) -> Iterator[Error]:
    if authorizer.type != "Webhook":
        if authorizer.webhook is not None:
            yield field.invalid(child(path, "webhook"), "non-null", "may only be specified when type=Webhook")
    elif authorizer.webhook is None:
        yield field.required(child(path, "webhook"), "required when type=Webhook")
    else:
        # upstream's paths do not say "webhook"
        yield from _webhook(path, authorizer.webhook)


def _webhook(path: str, webhook: WebhookConfiguration) -> Iterator[Error]:
    timeout = webhook.timeout
    if not timeout:
        yield field.required(child(path, "timeout"))
    elif not 0 < timeout <= _MAX_TIMEOUT:
        yield field.invalid(child(path, "timeout"), duration.format(timeout), "must be > 0s and <= 30s")
    for name, ttl in (("authorizedTTL", webhook.authorized_ttl), ("unauthorizedTTL", webhook.unauthorized_ttl)):
        if ttl < 0:
            yield field.invalid(child(path, name), duration.format(ttl), "must be > 0s")
    yield from _one_of(child(path, "subjectAccessReviewVersion"), webhook.review_version, VERSIONS)
    versions = child(path, "matchConditionSubjectAccessReviewVersion")
    if webhook.condition_version not in ("", "v1"):
        yield field.not_supported(versions, webhook.condition_version, ["v1"])
    elif not webhook.condition_version and webhook.conditions:
        yield field.required(versions, "required if match conditions are specified")
    yield from _one_of(child(path, "failurePolicy"), webhook.failure_policy, ("NoOpinion", "Deny"))
    yield from _connection(child(path, "connectionInfo"), webhook)
    yield from _conditions(child(path, "matchConditions"), webhook.conditions)


def _one_of(path: str, given: str, supported: tuple[str, ...]) -> Iterator[Error]:
    if not given:
        yield field.required(path)
    elif given not in supported:
        yield field.not_supported(path, given, supported)


def _connection(path: str, webhook: WebhookConfiguration) -> Iterator[Error]:
    kind, file = webhook.connection_type, webhook.kubeconfig_file
    where = child(path, "kubeConfigFile")
    if not kind:
        yield field.required(child(path, "type"))
    elif kind == IN_CLUSTER:
        if file is not None:
            yield field.invalid(where, file, "can only be set when type=KubeConfigFile")
    elif kind != KUBECONFIG:
        # the whole struct, by Go's names
        value = {"Type": kind, "KubeConfigFile": file}
        yield field.not_supported(child(path, "type"), value, [IN_CLUSTER, KUBECONFIG])
    elif not file:
        yield field.required(where)
    elif problem := _no_kubeconfig(file):
        yield field.invalid(where, file, problem)


def _no_kubeconfig(file: str) -> str:
    if not os.path.isabs(file):
        return "must be an absolute path"
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError) as e:
        return f"error loading file: stat {file}: {_reason(e)}"
    return "" if stat.S_ISREG(mode) else "must be a regular file"


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _conditions(path: str, expressions: tuple[str, ...]) -> Iterator[Error]:
    if len(expressions) > _MOST_CONDITIONS:
        yield field.too_many(path, len(expressions), _MOST_CONDITIONS)
        return
    seen: set[str] = set()
    for i, expression in enumerate(expressions):
        where = child(index(path, i), "expression")
        if not expression.strip():
            yield field.required(where)
        elif expression in seen:
            yield field.duplicate(where, expression)
        else:
            from pilothouse.authorization.matchconditions import ExpressionError, compile_condition

            seen.add(expression)
            try:
                compile_condition(expression)
            except ExpressionError as e:
                yield field.internal(where, str(e)) if e.internal else field.invalid(where, expression, str(e))
