"""Objects that are valid and defaulted, and ways to say what checks find in them."""

from __future__ import annotations

import copy
from typing import Any

from pilothouse.registry.core.pod_defaults import default_pod, default_pod_template
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.rules import Errors

Object = dict[str, Any]

POD_RULES = PodRules(is_pod=True)
TEMPLATE_RULES = PodRules()

#: The end of the text about names that are no DNS labels.
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def texts(errors: Errors) -> list[str]:
    return [str(error) for error in errors]


def container(**fields: Any) -> Object:
    return {"name": "c", "image": "i", **fields}


def pod(metadata: Object | None = None, **spec: Any) -> Object:
    """A pod with one container, defaulted; `spec` is added to it, None takes a field away."""
    obj: Object = {
        "metadata": {"name": "p", "namespace": "n", **(metadata or {})},
        "spec": {"containers": [container()], "serviceAccountName": "default", **copy.deepcopy(spec)},
    }
    default_pod(obj)
    obj["spec"] = {k: v for k, v in obj["spec"].items() if v is not None}
    return obj


def template(labels: Object | None = None, **spec: Any) -> Object:
    """A pod template with one container, defaulted."""
    obj: Object = {
        "metadata": {"labels": {"a": "b"} if labels is None else labels},
        "spec": {"containers": [container()], **copy.deepcopy(spec)},
    }
    default_pod_template(obj)
    return obj
